import { AppError } from "@robin/api";
import type { RequestHandler } from "express";
import { sendError } from "./error-response.ts";

/**
 * Lets JSON pass, and requests without a body, which is fine where nothing is needed. Both adapters insist on the
 * content type of JSON in small letters even where there is no body, so that is what they get to see.
 */
export const refuseOtherBodies: RequestHandler = (req, res, next) => {
  const hasBody = req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0;
  if (hasBody && !req.is("application/json")) {
    sendError(res, new AppError("unsupported_media_type", "Send the body as application/json."));
    return;
  }
  if (!hasBody) req.headers["content-type"] = "application/json";
  next();
};
