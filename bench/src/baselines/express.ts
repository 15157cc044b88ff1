/** Express 5 with one route and an answer that is ready, and nothing else. */
import express from "express";
import { preparedAnswer, serve } from "./serve.ts";

const { status, headers, body } = preparedAnswer();
const app = express().disable("x-powered-by").disable("etag");
app.use((_req, res) => {
  res.writeHead(status, headers).end(body);
});
serve(app);
