import { checked } from "../input.ts";
import { multipartForm } from "../multipart.ts";
import { jsonBody } from "../parsing.ts";
import type { CallOptions, RobinRequest, Transport } from "../transport.ts";
import { parseQueuePage } from "./queue.html.ts";
import {
  EnqueueAnswer,
  EnqueueMessage,
  EnqueueRawMessage,
  mutationAnswer,
  QueueListQuery,
  QueueMutationInput,
  type EnqueueResult,
  type QueueMutationResult,
  type QueuePage,
} from "./queue.schemas.ts";

/**
 * Robin's relay queue. Every method rejects with RobinError, or with RobinInputError before anything is sent.
 * Only `list` is tried again (once) when the connection breaks; after a broken mutation its effect is unknown.
 */
export interface QueueResource {
  /**
   * One page of the queue, oldest first, items of the same second in random order. `GET /client/queue/list`.
   * An item has no state, creation time or next attempt in it: to know the state, ask once per state.
   * One item that Robin cannot read makes it answer 500 for every page that holds it.
   */
  list(query?: QueueListQuery, options?: CallOptions): Promise<QueuePage>;
  /** Removes items; one that is being delivered is delivered nevertheless. `POST /client/queue/delete`. */
  delete(input: QueueMutationInput, options?: CallOptions): Promise<QueueMutationResult>;
  /**
   * Makes items due now and raises their retry counter. Revives DEAD ones; a CLAIMED one may be delivered twice.
   * `POST /client/queue/retry`.
   */
  retry(input: QueueMutationInput, options?: CallOptions): Promise<QueueMutationResult>;
  /** Parks items as DEAD. No notice goes to anyone, whatever the name says. `POST /client/queue/bounce`. */
  bounce(input: QueueMutationInput, options?: CallOptions): Promise<QueueMutationResult>;
  /**
   * Queues a case as JSON. `POST /client/queue`.
   * Robin loses mail given as subject and message at delivery, without a trace: use `enqueueRaw` for real mail.
   */
  enqueue(message: EnqueueMessage, options?: CallOptions): Promise<EnqueueResult>;
  /** Queues a finished message, byte for byte. `POST /client/queue` as message/rfc822. */
  enqueueRaw(message: EnqueueRawMessage, options?: CallOptions): Promise<EnqueueResult>;
  /**
   * Queues a finished message in a multipart form. `POST /client/queue` as multipart/form-data.
   * Robin would cut a `--` off its end, so CRLF is appended to such a message. Prefer `enqueueRaw`.
   */
  enqueueMultipart(message: EnqueueRawMessage, options?: CallOptions): Promise<EnqueueResult>;
}

const enqueueRoute = "/client/queue";

/** Bodies from this size on get a connection of their own, so that a refused upload spoils no pooled one. */
const largeBodyBytes = 64 * 1024;

export function createQueueResource(transport: Transport): QueueResource {
  /** Paths are constants: a mistyped one below /client/queue would enqueue a message. */
  function mutation(endpoint: string, countKey: Parameters<typeof mutationAnswer>[0]): QueueResource["delete"] {
    const parse = jsonBody(mutationAnswer(countKey));
    return async (input, options) => {
      const { uids } = checked(QueueMutationInput, input);
      // Robin acts twice on a UID that is listed twice.
      const body = Buffer.from(JSON.stringify({ uids: [...new Set(uids)] }));
      if (uids.length === 0) return { count: 0, queueSize: 0 };
      return transport.call(
        { service: "client", method: "POST", endpoint, body, contentType: json, mediaType: json, parse },
        options,
      );
    };
  }

  function upload(message: EnqueueRawMessage, body: Uint8Array, contentType: string, options?: CallOptions) {
    return transport.call(
      { ...enqueueRequest, query: uploadQuery(message), body, contentType, large: isLarge(body) },
      options,
    );
  }

  return {
    async list(query = {}, options) {
      const request = {
        service: "client",
        method: "GET",
        endpoint: "/client/queue/list",
        query: listQuery(checked(QueueListQuery, query)),
        mediaType: "text/html",
        large: true,
        ...((query.limit ?? 0) > smallPage && { lane: "pages" as const }),
        parse: (body: Buffer) => parseQueuePage(body.toString("utf8")),
      } as const;
      return transport.call(request, options);
    },
    delete: mutation("/client/queue/delete", "deletedCount"),
    retry: mutation("/client/queue/retry", "retriedCount"),
    bounce: mutation("/client/queue/bounce", "bouncedCount"),
    async enqueue(message, options) {
      const { case: robinCase, protocol, mailbox } = checked(EnqueueMessage, message);
      const query = new URLSearchParams({
        protocol: protocol ?? defaultProtocol,
        ...(mailbox === undefined ? {} : { mailbox }),
      });
      const body = Buffer.from(JSON.stringify(robinCase), "utf8");
      return transport.call({ ...enqueueRequest, query, body, contentType: json, large: isLarge(body) }, options);
    },
    async enqueueRaw(message, options) {
      const checkedMessage = checked(EnqueueRawMessage, message);
      return upload(checkedMessage, checkedMessage.message, "message/rfc822", options);
    },
    async enqueueMultipart(message, options) {
      const checkedMessage = checked(EnqueueRawMessage, message);
      const form = multipartForm(checkedMessage.message);
      return upload(checkedMessage, form.body, form.contentType, options);
    },
  };
}

/** Robin takes a tenth of a second for a page of 1000. */
const smallPage = 100;
const json = "application/json";
const defaultProtocol = "ESMTP";

const enqueueRequest = {
  service: "client",
  method: "POST",
  endpoint: enqueueRoute,
  mediaType: json,
  parse: jsonBody(EnqueueAnswer),
} as const satisfies RobinRequest<EnqueueResult>;

function isLarge(body: Uint8Array): boolean {
  return body.byteLength >= largeBodyBytes;
}

function listQuery(query: QueueListQuery): URLSearchParams {
  const { page, limit, states, protocol, retryMin, retryMax } = query;
  const state = states?.length ? states.join(",") : undefined;
  return searchParams({ page, limit, state, protocol, retryMin, retryMax });
}

function uploadQuery({ mail, rcpt, route, filename, protocol, mailbox }: EnqueueRawMessage): URLSearchParams {
  return searchParams({ mail, rcpt: rcpt.join(","), route, filename, protocol: protocol ?? defaultProtocol, mailbox });
}

function searchParams(values: Record<string, string | number | undefined>): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) params.set(name, String(value));
  return params;
}
