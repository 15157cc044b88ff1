import type { RobinLimits } from "../config.ts";
import { startDeadline } from "../deadline.ts";
import { RobinError } from "../errors.ts";
import { checked } from "../input.ts";
import { createLine, LineFullError } from "../line.ts";
import { multipartForm } from "../multipart.ts";
import { jsonBody } from "../parsing.ts";
import type { CallOptions, RobinRequest, Transport } from "../transport.ts";
import { SendAnswer, SendMessage, SendRawMessage, type SendResult } from "./send.schemas.ts";
import { toSendResult } from "./send.verdict.ts";

/**
 * Delivers at once, in one SMTP conversation. Robin serves nobody else on its client port meanwhile, so expect other
 * calls to that port to wait, and calls here to go one after the other: those who wait too long for their turn, or
 * find too many waiting, get kind `overloaded`, and nothing was sent. From its turn on the deadline of a call is 120 s
 * unless `timeoutMs` says otherwise: Robin waits 30 s for each connection and at least 60 s for each reply, times the
 * case's `retry`.
 *
 * Resolves even when nothing was delivered: look at `delivered` and the verdicts. Rejects with RobinInputError before
 * anything is sent, and with RobinError: status 500 is about the case, a broken connection or a passed deadline says
 * nothing about delivery. Never tried again; the mail may have been sent.
 */
export interface SendResource {
  /** `POST /client/send` as JSON. Credentials in the case reach the peer, and not the result. */
  deliver(message: SendMessage, options?: CallOptions): Promise<SendResult>;
  /**
   * A finished message, byte for byte; the host comes from the route or Robin's defaults, and Robin keeps the upload.
   * `POST /client/send` as message/rfc822.
   */
  deliverRaw(message: SendRawMessage, options?: CallOptions): Promise<SendResult>;
  /** The same as multipart/form-data. CRLF is appended to a message that ends in `--`, which Robin would cut off. */
  deliverMultipart(message: SendRawMessage, options?: CallOptions): Promise<SendResult>;
}

const route = { service: "client", endpoint: "/client/send" } as const;

export function createSendResource(transport: Transport, limits: RobinLimits["sends"]): SendResource {
  const line = createLine({ slots: 1, waiting: limits.maxWaiting });

  async function inTurn(work: () => Promise<SendResult>, signal: AbortSignal | undefined): Promise<SendResult> {
    const patience = startDeadline(limits.waitMs, signal);
    try {
      return await line.run(() => {
        patience.clear();
        return work();
      }, patience.signal);
    } catch (error) {
      if (!patience.signal.aborted && !(error instanceof LineFullError)) throw error;
      const kind = patience.signal.aborted && !patience.expired() ? "aborted" : "overloaded";
      throw new RobinError({ ...route, kind, message: "The message did not get its turn to be sent" });
    } finally {
      patience.clear();
    }
  }

  interface Upload {
    body: Uint8Array;
    contentType: string;
    query?: URLSearchParams;
  }
  function send(upload: Upload, asked: number, options: CallOptions | undefined): Promise<SendResult> {
    const parseAnswer = jsonBody(SendAnswer);
    const request: RobinRequest<SendResult> = {
      ...route,
      method: "POST",
      ...upload,
      mediaType: "application/json",
      // A connection of its own: it is busy for long, and the answer may be large.
      large: true,
      lane: "sends",
      answeredErrors: [500],
      parse: (body) => toSendResult(parseAnswer(body), asked),
    };
    const timeoutMs = options?.timeoutMs ?? limits.timeoutMs;
    return inTurn(() => transport.call(request, { ...options, timeoutMs }), options?.signal);
  }

  return {
    async deliver(message, options) {
      const { case: robinCase } = checked(SendMessage, message);
      const asked = robinCase.envelopes.reduce((count, { repeat = 0 }) => count + 1 + repeat, 0);
      const body = Buffer.from(JSON.stringify(robinCase), "utf8");
      return send({ body, contentType: "application/json" }, asked, options);
    },
    async deliverRaw(message, options) {
      const raw = checked(SendRawMessage, message);
      return send({ body: raw.message, contentType: "message/rfc822", query: uploadQuery(raw) }, 1, options);
    },
    async deliverMultipart(message, options) {
      const raw = checked(SendRawMessage, message);
      return send({ ...multipartForm(raw.message), query: uploadQuery(raw) }, 1, options);
    },
  };
}

function uploadQuery({ mail, rcpt, route, filename }: SendRawMessage): URLSearchParams {
  const query = new URLSearchParams({ mail, rcpt: rcpt.join(",") });
  if (route !== undefined) query.set("route", route);
  if (filename !== undefined) query.set("filename", filename);
  return query;
}
