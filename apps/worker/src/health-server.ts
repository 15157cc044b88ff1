import { createServer, type Server, type ServerResponse } from "node:http";

export interface Readiness {
  ready: boolean;
  /** UP or DOWN by service. */
  services: Record<string, "UP" | "DOWN">;
}

function answer(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  res.end(JSON.stringify(body));
}

/** For container health checks: /health/live and /health/ready. Resolves when it listens. */
export async function startHealthServer(port: number, readiness: () => Readiness): Promise<Server> {
  const server = createServer((req, res) => {
    if (req.url === "/health/live") answer(res, 200, { status: "UP" });
    else if (req.url === "/health/ready") {
      const { ready, services } = readiness();
      answer(res, ready ? 200 : 503, { status: ready ? "UP" : "DOWN", ...services });
    } else answer(res, 404, { error: "Not Found", code: "not_found", message: "Only /health/live and /health/ready." });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, resolve);
  });
  return server;
}
