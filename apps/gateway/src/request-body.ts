import { AppError, type ProcedureInfo } from "@robin/api";
import express, { type Request, type RequestHandler } from "express";
import { sendError } from "./error-response.ts";
import { fileInForm } from "./form-file.ts";
import type { AppResponse } from "./request-context.ts";
import type { RestLocals } from "./rest-routes.ts";

export interface BodyLimits {
  /** BODY_LIMIT, in bytes. */
  bodyBytesMax: number;
  requestTimeoutMs: number;
}

/** Bytes of a mail that is uploaded as it is. */
const mailBytesMax = 25 * 1024 ** 2;

/** The same mail in JSON: its attachments are base64 there, which takes a third more. */
export const mailJsonBytesMax = Math.ceil((mailBytesMax * 4) / 3) + 1024 ** 2;

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

/**
 * True when the request may be as large as a mail. Whoever lacks the permission is refused by the procedure all the
 * same, so the megabytes are not read for them. What a large upload takes is not of the request's time.
 */
export function expectMail(req: Request, res: AppResponse, { meta }: ProcedureInfo, requestTimeoutMs: number): boolean {
  const granted = res.locals.authentication?.principal?.permissions ?? [];
  if (!meta.takesMail || !meta.permission || !granted.includes(meta.permission)) return false;
  req.once("end", () => (res.locals.deadlineAt = performance.now() + requestTimeoutMs));
  return true;
}

/** Reads the body of a REST request into `req.body`, at most as much as its operation takes. */
export function createBodyReader({ bodyBytesMax, requestTimeoutMs }: BodyLimits): RequestHandler {
  const type = "application/json";
  const readJson: RequestHandler = express.json({ limit: bodyBytesMax, type });
  const readMailJson: RequestHandler = express.json({ limit: Math.max(bodyBytesMax, mailJsonBytesMax), type });
  const readForm: RequestHandler = express.raw({ limit: bodyBytesMax, type: () => true });
  const readMail: RequestHandler = express.raw({ limit: mailBytesMax, type: () => true });

  return (req, res, next) => {
    const { procedure } = (res.locals as RestLocals).operation;
    const isMail = expectMail(req, res as AppResponse, procedure, requestTimeoutMs);
    if (procedure.meta.upload) {
      if (procedure.meta.upload.formField !== undefined) readForm(req, res, next);
      else if (isMail) readMail(req, res, next);
      else next();
    } else {
      refuseOtherBodies(req, res, () => {
        (isMail ? readMailJson : readJson)(req, res, next);
      });
    }
  };
}

/** The bytes of an upload, under their name in the input. @throws AppError `invalid_input` when a form has none. */
export async function uploadedField(
  req: Request,
  { formField }: NonNullable<ProcedureInfo["meta"]["upload"]>,
): Promise<Record<string, Uint8Array>> {
  const body = Buffer.isBuffer(req.body) ? req.body : new Uint8Array();
  if (formField === undefined) return { message: body };
  return { [formField]: await fileInForm(body, req.headers["content-type"] ?? "", formField) };
}
