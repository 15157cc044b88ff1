import { formatJavaDate } from "../java/java-date.ts";
import type { RecipientOutcome, SmtpPeers } from "./smtp-peers.ts";

export interface Transaction {
  readonly command: string;
  readonly payload?: string;
  readonly response: string;
  readonly error: boolean;
}

export interface SendEnvelope {
  readonly mail: string;
  readonly rcpts: readonly string[];
  /** Bytes that MAIL announces; absent when there is nothing to measure. */
  readonly size?: number | undefined;
  readonly isMime: boolean;
  /** A file that is not there. */
  readonly missingFile?: string | undefined;
}

export interface SendPlan {
  readonly mx: readonly string[];
  readonly port: number;
  readonly greeting: string;
  readonly credentials?: { readonly user: string; readonly pass: string } | undefined;
  readonly envelopes: readonly SendEnvelope[];
}

export interface Conversation {
  readonly session: Transaction[];
  readonly envelopes: Transaction[][];
  /** The peer answered EHLO. */
  greeted: boolean;
  /** The answer cannot be printed: the parts of a mime envelope were built. */
  builtMime: boolean;
  /** Robin waited for a peer that says nothing. */
  waitedForPeer: boolean;
}

/** Ports of the recordings: one where nobody listens, one where nobody speaks. */
const [closedPort, silentPort] = [2599, 4999];
const badSender = "550 5.1.8 bad sender";

/** What Robin records of one SMTP session. `uid` is the session UID at the peer, another Robin. */
export function converse(plan: SendPlan, peers: SmtpPeers, peer: { uid: string; now: Date }): Conversation {
  const talk: Conversation = { session: [], envelopes: [], greeted: false, builtMime: false, waitedForPeer: false };
  const [host] = plan.mx;
  if (host === undefined) return talk;
  const failure = connectionFailure(host, plan, peers);
  if (failure !== undefined) {
    talk.waitedForPeer = failure === "Read timed out";
    talk.session.push({ command: "SMTP", response: `101 ${failure}`, error: true });
    return talk;
  }
  const date = formatJavaDate(peer.now);
  const banner = `220 ${host} Robin ready at 127.0.0.1 with ESMTP; ${date}`;
  talk.session.push({ command: "SMTP", response: banner, error: false });
  const features = ["SMTPUTF8", ...(peers.offersAuth ? ["AUTH PLAIN LOGIN"] : []), "HELP"];
  const welcome = ["Welcome [127.0.0.1 (127.0.0.1)]", ...features].map((line) => `250-${line}\r\n`).join("");
  talk.session.push({ command: "EHLO", payload: plan.greeting, response: `${welcome}250 PIPELINING`, error: false });
  talk.greeted = true;
  if (plan.credentials && !authenticate(talk, plan.credentials, peers)) return talk;
  for (const envelope of plan.envelopes) {
    const broken = sendEnvelope(talk, envelope, peers, peer.uid);
    if (broken !== undefined) {
      talk.session.push({ command: "SMTP", response: `101 ${broken}`, error: true });
      return talk;
    }
  }
  talk.session.push({ command: "QUIT", payload: "QUIT", response: "221 2.0.0 Closing connection", error: false });
  return talk;
}

function connectionFailure(host: string, plan: SendPlan, peers: SmtpPeers): string | undefined {
  if (host.endsWith(".invalid")) return host;
  const kinds = plan.envelopes.flatMap(({ rcpts }) => rcpts.map((rcpt) => peers.outcomeFor(rcpt).kind));
  if (plan.port === closedPort || kinds.includes("connectionRefused")) return "Connection refused";
  return plan.port === silentPort || kinds.includes("silent") ? "Read timed out" : undefined;
}

/** False ends the conversation, without a QUIT. */
function authenticate(talk: Conversation, { user, pass }: { user: string; pass: string }, peers: SmtpPeers): boolean {
  if (!peers.offersAuth) return false;
  const isRight = pass !== "wrong";
  talk.session.push({
    command: "AUTH",
    payload: `AUTH PLAIN ${Buffer.from(`\0${user}\0${pass}`).toString("base64")}`,
    response: isRight ? "235 2.7.0 Authorized" : "535 5.7.1 Unauthorized",
    error: !isRight,
  });
  return isRight;
}

/** Gives Java's words for a conversation that ended here. */
function sendEnvelope(talk: Conversation, envelope: SendEnvelope, peers: SmtpPeers, uid: string): string | undefined {
  const transactions: Transaction[] = [];
  talk.envelopes.push(transactions);
  const { mail, rcpts, size } = envelope;
  const outcomes = rcpts.map((rcpt) => peers.outcomeFor(rcpt));

  const mailReply = replyAt("mail", outcomes) ?? (mail.startsWith("badsender@") ? badSender : undefined);
  transactions.push({
    command: "MAIL",
    payload: `MAIL FROM:<${mail}>${size === undefined ? "" : ` SIZE=${size}`}`,
    response: mailReply ?? `250 2.1.0 Sender OK [${uid}]`,
    error: mailReply !== undefined,
  });
  if (mailReply !== undefined) return undefined;

  let accepting = false;
  for (const [index, rcpt] of rcpts.entries()) {
    const refusal = replyAt("rcpt", outcomes.slice(index, index + 1));
    accepting ||= refusal === undefined;
    // Robin's mark says whether anybody has been accepted so far, not whether this one was.
    transactions.push({
      command: "RCPT",
      payload: `RCPT TO:<${rcpt}>`,
      response: refusal ?? `250 2.1.5 Recipient OK [${uid}]`,
      error: !accepting,
    });
  }
  if (outcomes.some(({ kind }) => kind === "dropped")) return "Connection reset";
  if (!accepting) return undefined;
  if (envelope.missingFile !== undefined) return envelope.missingFile;
  if (envelope.isMime) talk.builtMime = true;
  const dataReply = replyAt("data", outcomes);
  transactions.push({
    command: "DATA",
    payload: "DATA",
    response: dataReply ?? `250 2.0.0 Received OK [${uid}]`,
    error: dataReply !== undefined,
  });
  return undefined;
}

function replyAt(at: "mail" | "rcpt" | "data", outcomes: readonly RecipientOutcome[]): string | undefined {
  return outcomes.flatMap((outcome) => (outcome.kind === "reply" && outcome.at === at ? [outcome.reply] : []))[0];
}
