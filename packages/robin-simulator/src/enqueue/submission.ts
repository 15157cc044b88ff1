import { text, withServerErrors } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { parseGson } from "../java/gson-reader.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { extractMessage, isRawUpload } from "./upload.ts";

export interface Upload {
  readonly file: string;
  readonly message: Buffer;
}

/** What is to become of a case; `upload` is there when the mail came raw instead of as JSON. */
type Accept = (context: RouteContext, caseMap: GsonMap, upload: Upload | undefined) => Answer | Promise<Answer>;

/** Reads a mail as `/client/send` and `/client/queue` both take it: as a case in JSON, or raw with a query. */
export function acceptMail(context: RouteContext, accept: Accept): Promise<Answer> {
  return withServerErrors(() =>
    isRawUpload(context.contentType) ? acceptUpload(context, accept) : acceptCase(context, accept),
  );
}

async function acceptCase(context: RouteContext, accept: Accept): Promise<Answer> {
  const body = await context.readText();
  if (body.trim() === "") return text(400, "Empty request body");
  const caseMap = parseGson(body);
  if (caseMap === null || caseMap.size === 0) return text(400, "Invalid JSON body");
  return accept(context, caseMap, undefined);
}

async function acceptUpload(context: RouteContext, accept: Accept): Promise<Answer> {
  const { query, files } = context;
  const mail = (query.get("mail") ?? "").trim();
  const rcpts = (query.get("rcpt") ?? "").split(",").flatMap((rcpt) => rcpt.trim() || []);
  if (mail === "" || rcpts.length === 0) return text(400, "Missing required query parameters: mail and rcpt");
  const message = extractMessage(await context.readBytes(), context.contentType);
  if (message.length === 0) return text(400, "Empty upload body");

  const file = files.storeUpload(mail, query.get("filename"));
  const envelope: GsonMap = new Map<string, GsonValue>([
    ["mail", mail],
    ["rcpt", rcpts],
    ["file", file],
  ]);
  const caseMap: GsonMap = new Map<string, GsonValue>([["envelopes", [envelope]]]);
  const route = query.get("route") ?? "";
  if (route.trim() !== "") caseMap.set("route", route);
  return accept(context, caseMap, { file, message });
}
