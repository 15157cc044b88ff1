import { json, text, withServerErrors } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import { buildSession } from "./case-session.ts";
import { defaultMailbox, defaultProtocol } from "./client-defaults.ts";
import { parseGson } from "../java/gson-reader.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { printGson } from "../java/gson-writer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { extractMessage, isRawUpload } from "./upload.ts";

/** `POST /client/queue`, and every path below it that is no context of its own. */
export function enqueue(context: RouteContext): Promise<Answer> {
  return withServerErrors(() => (isRawUpload(context.contentType) ? enqueueUpload(context) : enqueueCase(context)));
}

async function enqueueCase(context: RouteContext): Promise<Answer> {
  const body = await context.readText();
  if (body.trim() === "") return text(400, "Empty request body");
  const caseMap = parseGson(body);
  if (caseMap === null || caseMap.size === 0) return text(400, "Invalid JSON body");
  return addToQueue(context, caseMap, undefined);
}

async function enqueueUpload(context: RouteContext): Promise<Answer> {
  const { query, files } = context;
  const mail = (query.get("mail") ?? "").trim();
  const rcpts = (query.get("rcpt") ?? "").split(",").flatMap((rcpt) => rcpt.trim() || []);
  if (mail === "" || rcpts.length === 0) return text(400, "Missing required query parameters: mail and rcpt");
  const message = extractMessage(await context.readBytes(), context.contentType);
  if (message.length === 0) return text(400, "Empty upload body");

  const uploadedFile = files.storeUpload(mail, query.get("filename"));
  const envelope: GsonMap = new Map<string, GsonValue>([
    ["mail", mail],
    ["rcpt", rcpts],
    ["file", uploadedFile],
  ]);
  const caseMap: GsonMap = new Map<string, GsonValue>([["envelopes", [envelope]]]);
  const route = query.get("route") ?? "";
  if (route.trim() !== "") caseMap.set("route", route);
  return addToQueue(context, caseMap, uploadedFile);
}

/** The answer names the session, never the relay UID that delete, retry and bounce want: that one is only on the list page. */
function addToQueue(context: RouteContext, caseMap: GsonMap, uploadedFile: string | undefined): Answer {
  const { query, queue, clock, files, newUuid } = context;
  const session = buildSession(caseMap, { now: clock.now(), files, newUuid });
  queue.add({
    sessionUid: session.uid,
    protocol: query.get("protocol") ?? defaultProtocol,
    mailbox: query.get("mailbox") ?? defaultMailbox,
    listError: session.listError,
    envelopes: session.envelopes.map(({ queued }) => queued),
  });
  return json(202, printGson({ queueSize: queue.size, session: session.json, status: "QUEUED", uploadedFile }));
}
