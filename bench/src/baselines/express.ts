/** Express 5 with one route, as one writes it, and an answer that is ready. */
import express from "express";
import { preparedAnswer, serve } from "./serve.ts";

const { status, headers, body } = preparedAnswer();
const byName: Record<string, string> = {};
for (let at = 0; at < headers.length; at += 2) byName[headers[at] ?? ""] = headers[at + 1] ?? "";
const app = express();
app.get("/{*path}", (_req, res) => {
  res.status(status).set(byName).send(body);
});
serve(app);
