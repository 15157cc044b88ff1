import type { Request } from "express";

export interface OriginRules {
  corsOrigins: readonly string[];
}

/** Browsers send a WebSocket from any page; programs name no origin. Pages of this host, and those that CORS lets in. */
export function isAllowedOrigin(req: Request, { corsOrigins }: OriginRules): boolean {
  const { origin } = req.headers;
  if (origin === undefined) return true;
  if (corsOrigins.includes("*") || corsOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === req.host;
}
