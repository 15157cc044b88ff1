/** Node's own server with an answer that is ready: the ceiling. */
import { preparedAnswer, serve } from "./serve.ts";

const { status, headers, body } = preparedAnswer();
serve((_req, res) => {
  res.writeHead(status, headers).end(body);
});
