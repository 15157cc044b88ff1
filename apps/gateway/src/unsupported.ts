import { AppError, type Permission } from "@robin/api";
import { type RequestHandler, Router } from "express";
import { sendError } from "./error-response.ts";
import type { AppResponse } from "./request-context.ts";

const noPause = "Robin cannot pause or resume a queued message.";

/** What the Robin UI knows to call and Robin has no means for. */
const operations: { method: "post" | "delete"; path: string; permission: Permission; message: string }[] = [
  { method: "post", path: "/queue/:uid/pause", permission: "MANAGE_QUEUE", message: noPause },
  { method: "post", path: "/queue/:uid/resume", permission: "MANAGE_QUEUE", message: noPause },
  { method: "delete", path: "/logs", permission: "MANAGE_SERVER_CONFIG", message: "Robin cannot clear its log." },
];

/** 501 for those who could do it if it were possible; 401 and 403 as ever for the others. */
export function createUnsupportedRouter(): Router {
  const unsupported = Router();
  for (const { method, path, permission, message } of operations) {
    unsupported[method]([path, `/api/v1${path}`], refuse(permission, message));
  }
  return unsupported;
}

function refuse(permission: Permission, message: string): RequestHandler {
  return (_req, res) => {
    const { principal, error } = (res as AppResponse).locals.authentication ?? {};
    if (!principal) sendError(res, error ?? new AppError("unauthenticated", "Sign in to use this."));
    else if (!principal.permissions.includes(permission))
      sendError(res, new AppError("forbidden", `This needs the permission ${permission}.`));
    else sendError(res, new AppError("not_implemented", message));
  };
}
