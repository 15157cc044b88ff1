import { checked } from "../input.ts";
import { multipartForm } from "../multipart.ts";
import { jsonBody } from "../parsing.ts";
import type { CallOptions, Transport } from "../transport.ts";
import { SendAnswer, SendMessage, SendRawMessage, type SendResult } from "./send.schemas.ts";
import { toSendResult } from "./send.verdict.ts";

/**
 * Delivers at once, in one SMTP conversation. Robin serves nobody else on its client port meanwhile, so do not send in
 * parallel, and expect health checks of that port to wait. The deadline is 120 s unless `timeoutMs` says otherwise:
 * Robin waits 30 s for each connection and at least 60 s for each reply, times the case's `retry`.
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

const sendTimeoutMs = 120_000;

export function createSendResource(transport: Transport): SendResource {
  interface Upload {
    body: Uint8Array;
    contentType: string;
    query?: URLSearchParams;
  }
  function send(upload: Upload, asked: number, options: CallOptions | undefined): Promise<SendResult> {
    const parseAnswer = jsonBody(SendAnswer);
    return transport.call(
      {
        service: "client",
        method: "POST",
        endpoint: "/client/send",
        ...upload,
        mediaType: "application/json",
        // A connection of its own: it is busy for long, and the answer may be large.
        large: true,
        answeredErrors: [500],
        parse: (body) => toSendResult(parseAnswer(body), asked),
      },
      { ...options, timeoutMs: options?.timeoutMs ?? sendTimeoutMs },
    );
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
