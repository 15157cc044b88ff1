/** What stands in front of Robin without a cache: each request is one call. */
import { request } from "node:http";
import { serve } from "./serve.ts";

const robinUrl = process.argv[2] ?? "";
serve((req, res) => {
  const call = request(robinUrl, { method: req.method, agent: false }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  call.on("error", () => {
    if (!res.headersSent) res.writeHead(502);
    res.end();
  });
  call.end();
});
