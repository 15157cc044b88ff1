import { jsonBody, parseJson } from "../parsing.ts";
import type { CallOptions, Transport } from "../transport.ts";
import { ClientHealth, ServiceHealth } from "./health.schemas.ts";

/** Health of Robin's two ports. Both methods reject with RobinError; they are tried again once on a broken connection. */
export interface HealthResource {
  /** The client API answers; says nothing about SMTP. `GET /health` on port 8090, no credentials needed. */
  client(options?: CallOptions): Promise<ClientHealth>;
  /** Uptime and, with credentials, listeners, queue and scheduler. `GET /health` on port 8080. */
  service(options?: CallOptions): Promise<ServiceHealth>;
}

export function createHealthResource(transport: Transport): HealthResource {
  const request = { method: "GET", endpoint: "/health", mediaType: "application/json" } as const;
  return {
    client: (options) => transport.call({ ...request, service: "client", parse: jsonBody(ClientHealth) }, options),
    service: (options) => transport.call({ ...request, service: "service", parse: parseServiceHealth }, options),
  };
}

/** A JVM with a German or French locale prints `"growthFactor":1,20`, which is no JSON. */
export function parseServiceHealth(body: Buffer): ServiceHealth {
  const text = body.toString("utf8").replace(/("growthFactor"\s*:\s*-?\d+),(\d+)/g, "$1.$2");
  return ServiceHealth.parse(parseJson(text));
}
