import cors from "cors";
import type { RequestHandler } from "express";
import helmet from "helmet";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { limitHeaders } from "./limits/limit-requests.ts";

export interface CorsConfig {
  corsOrigins: readonly string[];
  corsAllowCredentials: boolean;
}

export function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    // TLS ends in front of the gateway; whether the host has it for good is for that proxy to say.
    strictTransportSecurity: false,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
}

/** Lets pages of these origins in; without any, browsers keep to their own. */
export function crossOriginHeaders({ corsOrigins, corsAllowCredentials }: CorsConfig): RequestHandler {
  if (corsOrigins.length === 0) {
    return (_req, _res, next) => {
      next();
    };
  }
  return cors({
    origin: [...corsOrigins],
    credentials: corsAllowCredentials,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    exposedHeaders: ["x-request-id", "retry-after", ...limitHeaders],
    maxAge: 3600,
  });
}

/**
 * What the two set on the answer to a GET from an `Origin`, name and value in turn, found out once by having them do
 * it. Without `Vary`, which others have a part in.
 */
export function presetHeaders(config: CorsConfig): (origin: string | undefined) => readonly string[] {
  const middlewares = [securityHeaders(), crossOriginHeaders(config)];

  function headersFor(origin: string | undefined): readonly string[] {
    const request = new IncomingMessage(new Socket());
    request.method = "GET";
    if (origin !== undefined) request.headers.origin = origin;
    const response = new ServerResponse(request);
    const written = new Map<string, string>();
    const setHeader = response.setHeader.bind(response);
    response.setHeader = (name, value) => {
      written.set(name.toLowerCase(), name);
      return setHeader(name, value);
    };
    for (const middleware of middlewares) void middleware(request as never, response as never, () => undefined);
    const names = response.getHeaderNames().filter((name) => name !== "vary");
    return names.flatMap((name) => [written.get(name) ?? name, String(response.getHeader(name))]);
  }

  const forNoOrigin = headersFor(undefined);
  const forOthers = headersFor("https://nobody.invalid");
  const byOrigin = new Map(config.corsOrigins.map((origin) => [origin, headersFor(origin)]));
  return (origin) => (origin === undefined ? forNoOrigin : (byOrigin.get(origin) ?? forOthers));
}
