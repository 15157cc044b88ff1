import { tracked, type TrackedEnvelope, TRPCError } from "@trpc/server";
import { z } from "zod";
import type { SignedInContext } from "../context.ts";
import { type AppError, errorCatalogue } from "../errors.ts";
import type { Permission } from "../permissions.ts";
import type { Feed } from "./feed.ts";
import type { LiveMessage } from "./live-message.ts";

/**
 * What a procedure answers with that lets somebody watch. tRPC takes its messages one by one, with their ids; REST
 * sends them as server-sent events. It ends with an error when the client may not watch any longer.
 */
export class LiveStream<Data extends object = object> implements AsyncIterable<TrackedEnvelope<Data>> {
  readonly feed: Feed<Data>;
  /** The last message that the client has seen, when it comes back. */
  readonly after: string | undefined;
  #ended: AppError | undefined;
  #wake = (): void => undefined;
  #tellEnd = (_reason: AppError): void => undefined;
  readonly #release: () => void;
  readonly #signal: AbortSignal | undefined;

  /** @throws AppError as `LiveClients.admit`. */
  constructor(
    ctx: SignedInContext,
    { feed, after, permission }: { feed: Feed<Data>; after: string | undefined; permission: Permission | undefined },
  ) {
    this.feed = feed;
    this.after = after;
    this.#signal = ctx.signal;
    const { principal } = ctx;
    this.#release = ctx.deps.live.clients.admit({
      principal,
      permission,
      credential: ctx.credential(),
      end: (reason) => {
        this.#ended = reason;
        this.#tellEnd(reason);
        this.#wake();
      },
    });
    // Who has gone already will not go again.
    if (ctx.signal?.aborted) this.close();
    ctx.signal?.addEventListener("abort", () => {
      this.close();
    });
  }

  /** Calls back once, when the client may not watch any longer; for who does not take the messages one by one. */
  onEnd(listener: (reason: AppError) => void): void {
    this.#tellEnd = listener;
    if (this.#ended) listener(this.#ended);
  }

  #throwIfEnded(): void {
    if (this.#ended) throw toTrpcError(this.#ended);
  }

  close(): void {
    this.#release();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrackedEnvelope<Data>, void> {
    let isNew = true;
    let after = this.after;
    const stop = this.feed.watch(() => {
      isNew = true;
      this.#wake();
    });
    try {
      while (!this.#signal?.aborted) {
        this.#throwIfEnded();
        if (!isNew) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          continue;
        }
        isNew = false;
        // What cannot be had now is told of later.
        const messages: readonly LiveMessage<Data>[] = await Promise.resolve(this.feed.since(after)).catch(() => []);
        for (const message of messages) {
          this.#throwIfEnded();
          yield tracked(message.id, message.data);
          after = message.id;
        }
      }
    } finally {
      stop();
      this.#release();
    }
  }
}

function toTrpcError(error: AppError): TRPCError {
  const { trpcCode } = errorCatalogue[error.code];
  return new TRPCError({ code: trpcCode, message: error.publicMessage, cause: error });
}

/** The output of a procedure that declares `meta.stream`; `message` describes one of its messages. */
export function liveStreamOutput<Data extends object>(message: z.ZodType<Data>) {
  return z.custom<AsyncIterable<TrackedEnvelope<Data>>>((value) => value instanceof LiveStream).meta({ message });
}

/** The id of the last message seen. tRPC's client sends it by itself, browsers as the header `Last-Event-ID`. */
export const LastEventId = z.string().max(100).optional().meta({
  description: "The id of the last message seen, to go on after it. Browsers send it as the header `Last-Event-ID`.",
});
