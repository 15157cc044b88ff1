import { isPrivateAddress } from "@robin/api";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";

export interface Readiness {
  ready: boolean;
  /** UP or DOWN by service. */
  services: Record<string, "UP" | "DOWN">;
}

function answer(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  res.end(JSON.stringify(body));
}

const whatIsThere = {
  error: "Not Found",
  code: "not_found",
  message: "Only /health/live, /health/ready and /metrics.",
};
const notFromHere = { error: "Forbidden", code: "forbidden", message: "Only for loopback and private addresses." };

/**
 * For container health checks, /health/live and /health/ready, and for Prometheus, /metrics, which only loopback and
 * private addresses may read. Resolves when it listens.
 */
export async function startHealthServer(
  port: number,
  readiness: () => Readiness,
  metrics: Pick<Registry, "metrics" | "contentType">,
): Promise<Server> {
  const expose = async (res: ServerResponse): Promise<void> => {
    const text = await metrics.metrics();
    res.writeHead(200, { "content-type": metrics.contentType, "cache-control": "no-store" }).end(text);
  };
  const server = createServer((req, res) => {
    if (req.url === "/health/live") answer(res, 200, { status: "UP" });
    else if (req.url === "/health/ready") {
      const { ready, services } = readiness();
      answer(res, ready ? 200 : 503, { status: ready ? "UP" : "DOWN", ...services });
    } else if (req.url !== "/metrics") answer(res, 404, whatIsThere);
    else if (!isPrivateAddress(req.socket.remoteAddress)) answer(res, 403, notFromHere);
    else void expose(res);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, resolve);
  });
  return server;
}
