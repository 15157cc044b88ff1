import { setTimeout as wait } from "node:timers/promises";
import { buildSession } from "../enqueue/case-session.ts";
import type { CaseEnvelope } from "../enqueue/case-envelopes.ts";
import type { CaseSession } from "../enqueue/case-session.ts";
import { acceptMail } from "../enqueue/submission.ts";
import type { Upload } from "../enqueue/submission.ts";
import { json } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { JavaError } from "../java/java-error.ts";
import type { GsonMap } from "../java/gson-reader.ts";
import { printGson } from "../java/gson-writer.ts";
import type { Writable, WritableObject } from "../java/gson-writer.ts";
import { converse } from "./conversation.ts";
import type { Conversation, SendEnvelope, SendPlan } from "./conversation.ts";
import { composedMail, isOwnListener, keepOwnMail } from "./own-mail.ts";
import { receive, transmit } from "./transmission.ts";
import type { Transmission } from "./transmission.ts";

/** `POST /client/send`: the conversation that Robin would have, and its 200 whatever came of it. */
export function sendMail(context: RouteContext): Promise<Answer> {
  return acceptMail(context, deliver);
}

async function deliver(context: RouteContext, caseMap: GsonMap, upload: Upload | undefined): Promise<Answer> {
  const { clock, files, newUuid, smtp } = context;
  // Unlike the queue, a delivery links nothing: an envelope without a file has none.
  const unlinked = { ...files, linkIntoQueue: (file: string | null) => file ?? "" };
  const session = buildSession(caseMap, { now: clock.now(), files: unlinked, newUuid });
  const plan = planOf(session, caseMap, upload);
  const uid = newUuid();
  const talk = converse(plan, smtp, { uid, now: clock.now() });
  // Waits here, in the port's line: everybody else on this port waits too.
  if (talk.waitedForPeer) await wait(smtp.silentPeerMs, undefined, { ref: false });
  receiveMail(context, { session, plan, talk, uid, upload });
  if (talk.builtMime) throw new JavaError(mimeFailure);
  return json(200, printGson(sessionJson(session, talk, smtp.offersAuth)));
}

interface Sent {
  readonly session: CaseSession;
  readonly plan: SendPlan;
  readonly talk: Conversation;
  /** Of the session at the peer. */
  readonly uid: string;
  readonly upload: Upload | undefined;
}

function receiveMail(context: RouteContext, { session, plan, talk, uid, upload }: Sent): void {
  const { smtp, clock, newUuid } = context;
  const isOwn = isOwnListener(plan.mx[0], plan.port);
  for (const [index, { mail, rcpts }] of plan.envelopes.entries()) {
    const transactions = talk.envelopes[index] ?? [];
    if (!transactions.some(({ command, response }) => command === "DATA" && response.startsWith("250"))) continue;
    const replies = transactions.filter(({ command }) => command === "RCPT");
    const accepted = rcpts.filter((_rcpt, place) => replies[place]?.response.startsWith("250"));
    const envelope = { mail, rcpt: rcpts[0] ?? "", messageId: newUuid(), date: clock.now() };
    const message = upload ? receive(transmit(upload.message, envelope)) : composed(session, index, envelope);
    if (upload) smtp.deliver({ mail, rcpts: accepted, message });
    if (!isOwn) continue;
    // Robin takes the line end before the final dot for a part of the dot.
    const kept = upload ? message.subarray(0, -2) : message;
    keepOwnMail(context, { uid, helo: plan.greeting.split(" ")[1] ?? "", rcpts: accepted, message: kept });
  }
}

function composed(session: CaseSession, index: number, { mail, messageId, date }: Transmission): Buffer {
  const { rcpts, subject, message } = session.envelopes[index]?.json ?? {};
  const text = (value: Writable | undefined): string => (typeof value === "string" ? value : "");
  const to = Array.isArray(rcpts) ? rcpts.map(String) : [];
  return composedMail(mail, to, { messageId, subject: text(subject), message: text(message), now: date });
}

const mimeFailure =
  "Failed making field 'java.io.ByteArrayInputStream#buf' accessible; either increase its visibility or write a custom TypeAdapter for its declaring type.\nSee https://github.com/google/gson/blob/main/Troubleshooting.md#reflection-inaccessible";

function planOf(session: CaseSession, caseMap: GsonMap, upload: Upload | undefined): SendPlan {
  const { mx, port, auth, username, helo, lhlo, ehlo } = session.json;
  const names = { HELO: helo, LHLO: lhlo, EHLO: ehlo };
  const [verb = "EHLO", name = "localhost"] =
    Object.entries(names).find((entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "") ??
    [];
  const pass = caseMap.get("pass");
  return {
    mx: (Array.isArray(mx) ? mx : []).map(String),
    port: Number(port),
    greeting: `${verb} ${name}`,
    credentials:
      auth === true
        ? { user: typeof username === "string" ? username : "", pass: typeof pass === "string" ? pass : "" }
        : undefined,
    envelopes: session.envelopes.map((envelope) => planEnvelope(envelope, upload)),
  };
}

function planEnvelope({ queued, json: { subject, message } }: CaseEnvelope, upload: Upload | undefined): SendEnvelope {
  const { mail = "null", rcpts, file, mime } = queued;
  const uploaded = file === upload?.file ? upload : undefined;
  return {
    mail,
    rcpts,
    isMime: mime === true,
    missingFile: file === "" || uploaded ? undefined : file,
    size: uploaded ? uploaded.message.length + transferBytes : composedSize(mail, rcpts, subject, message),
  };
}

/** The final dot and its line ends. */
const transferBytes = 5;
/** What the headers that Robin writes and the dot come to, without what the case says. */
const headerBytes = 221;

function composedSize(
  mail: string,
  rcpts: readonly string[],
  subject: Writable | undefined,
  message: Writable | undefined,
): number | undefined {
  if (typeof subject !== "string" || typeof message !== "string") return undefined;
  return headerBytes + 2 * mail.length + rcpts.join(">, <").length + subject.length + message.length;
}

function sessionJson(session: CaseSession, talk: Conversation, offersAuth: boolean): WritableObject {
  const toWritable = (transactions: Conversation["session"]): Writable => transactions.map((entry) => ({ ...entry }));
  return {
    ...session.json,
    direction: "OUTBOUND",
    smtpUtf8: talk.greeted,
    ehloAuth: talk.greeted && offersAuth ? ["auth", "plain", "login"] : [],
    envelopes: session.envelopes.map(({ json: { file, messageSource, ...rest } }) =>
      file === "" ? rest : { ...rest, file, messageSource },
    ),
    sessionTransactionList: {
      envelopes: talk.envelopes.map((transactions) => ({ transactions: toWritable(transactions) })),
      transactions: toWritable(talk.session),
    },
  };
}
