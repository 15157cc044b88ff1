import { isRobinError } from "@robin/sdk";
import { AppError } from "../../errors.ts";
import { toAppError } from "../../translate-error.ts";
import { compose, recipientsOf } from "./compose.ts";
import type { ComposeMailInput, RawMailInput } from "./mail.schemas.ts";
import { checkRawMessage } from "./message-bytes.ts";

/** A message ready for Robin, with its envelope. */
export interface Handover {
  mail: string;
  rcpt: string[];
  message: Uint8Array<ArrayBuffer>;
  route?: string;
  messageId?: string;
}

/** @throws AppError `payload_too_large`. */
export async function fromComposed(input: ComposeMailInput): Promise<Handover> {
  const { route } = input;
  return { mail: input.from.address, rcpt: recipientsOf(input), ...(route && { route }), ...(await compose(input)) };
}

/** @throws AppError `invalid_input` when the message would not arrive as it is, `payload_too_large`. */
export function fromRaw({ mail, rcpt, route, message }: RawMailInput): Handover {
  return { mail, rcpt, ...(route && { route }), ...checkRawMessage(message) };
}

const sendRetryAfterSeconds = 30;

/** Robin refuses these before it looks at the message. */
const refusedStatuses = [400, 401, 403, 404, 405];
/** There was no connection that could have carried it. */
const unconnectedCodes = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

/** The same error, with a word on what the caller wants to know most: whether the message is on its way. */
export function withFate(error: unknown, done: "sent" | "queued"): AppError {
  const known = toAppError(error);
  if (!isRobinError(error)) return known;
  const { kind, status, cause } = error;
  if (kind === "overloaded" && done === "sent") {
    const message = "Other messages are on their way, and Robin sends one at a time. This one was not sent.";
    return new AppError(known.code, message, { cause: error, retryAfterSeconds: sendRetryAfterSeconds });
  }
  const isRefused = kind === "http" && refusedStatuses.includes(status ?? 0);
  const isUnconnected =
    kind === "network" && unconnectedCodes.includes((cause as { code?: string } | undefined)?.code ?? "");
  const isSafe = isRefused || isUnconnected || kind === "circuit-open" || kind === "overloaded";
  const addition = isSafe
    ? `The message was not ${done}.`
    : `The message may have been ${done} all the same: look before you try again.`;
  return new AppError(known.code, `${known.publicMessage} ${addition}`, {
    cause: error,
    retryAfterSeconds: known.retryAfterSeconds,
  });
}
