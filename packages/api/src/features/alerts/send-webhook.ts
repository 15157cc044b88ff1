import type { AlertEvent } from "@robin/db";
import http from "node:http";
import https from "node:https";
import { webhookSignature, eventNames } from "./webhook-body.ts";
import { publicLookup, urlProblem, type WebhookPolicy } from "./webhook-target.ts";

export interface WebhookMessage {
  /** The same in each attempt. */
  id: string;
  event: AlertEvent;
  body: string;
  url: string;
  secret: string;
  /** Of this attempt. */
  at: Date;
}

/** `error` is for people, and has nothing of the URL in it. */
export type SendResult = { ok: true; status: number } | { ok: false; status?: number; error: string; isFinal?: true };

const timeoutMs = 10_000;

/** Posts the message. Redirects are not followed, and of the answer only the status counts. Never rejects. */
export async function sendWebhook(
  message: WebhookMessage,
  policy: WebhookPolicy,
  limitMs = timeoutMs,
): Promise<SendResult> {
  const problem = urlProblem(message.url, policy);
  if (problem !== undefined) return { ok: false, error: `The URL ${problem}.`, isFinal: true };
  try {
    const status = await post(message, policy, AbortSignal.timeout(limitMs));
    if (status >= 200 && status < 300) return { ok: true, status };
    const what = status >= 300 && status < 400 ? "with a redirect, which is not followed" : "with an error";
    return { ok: false, status, error: `The receiver answered ${what} (${status}).` };
  } catch (error) {
    return { ok: false, error: failureText(error, limitMs) };
  }
}

function post({ id, event, body, url, secret, at }: WebhookMessage, policy: WebhookPolicy, signal: AbortSignal) {
  const { request } = url.startsWith("https:") ? https : http;
  return new Promise<number>((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: "POST",
        // No connection is kept, so that each attempt looks the name up anew.
        agent: false,
        lookup: publicLookup(policy),
        signal,
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          "user-agent": "robin-gateway",
          "x-robin-event": eventNames[event],
          "x-robin-delivery": id,
          "x-robin-signature": webhookSignature({ secret, body, at }),
        },
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.on("error", () => undefined).destroy();
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function failureText(error: unknown, limitMs: number): string {
  const { name, code } = error as { name?: string; code?: string };
  if (name === "TimeoutError" || name === "AbortError") return `No answer in ${limitMs / 1000} seconds.`;
  if (code === "FORBIDDEN_ADDRESS")
    return "The host has private addresses only; WEBHOOK_ALLOW_PRIVATE would allow them.";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "The host's name is not known.";
  return `The connection failed (${code ?? "for an unknown reason"}).`;
}
