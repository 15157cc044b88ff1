import { listProcedures } from "@robin/api";
import type { Request, Response } from "express";
import type { RequestLocals } from "./request-context.ts";
import type { RestLocals } from "./rest-routes.ts";

const procedurePaths = new Set(listProcedures().map(({ path }) => path));

/**
 * The pattern that a request was for: there are as many as there are routes, whatever is asked for. The REST paths at
 * the root count as those under /api/v1.
 */
export function endpointOf(req: Request, res: Response, path: string): string {
  const { operation, endpoint } = res.locals as Partial<RestLocals & RequestLocals>;
  if (endpoint !== undefined) return endpoint;
  if (operation) {
    const { openapi, upload } = operation.procedure.meta;
    return `/api/v1${upload?.path ?? openapi?.path ?? ""}`;
  }
  if (path.startsWith("/trpc/")) {
    const name = path.slice("/trpc/".length);
    if (procedurePaths.has(name)) return `/trpc/${name}`;
    return name.includes(",") ? "/trpc/{batch}" : "unmatched";
  }
  const route = (req.route as { path?: string | string[] } | undefined)?.path;
  if (route !== undefined) return Array.isArray(route) ? (route.find((each) => each === path) ?? "other") : route;
  // Files, and questions of browsers about other sites' pages.
  return res.statusCode < 400 ? "other" : "unmatched";
}
