import type { RobinError } from "./errors.ts";

/** An answer whose body is read as it arrives. */
export interface RobinStream {
  /** What Robin announced; absent when it announced nothing, as for an empty file. */
  sizeBytes?: number;
  /**
   * Takes from the socket only what is read from it. It fails with RobinError when the connection breaks or the
   * deadline passes. Cancel it when it is not read to its end: the call holds one of Robin's few slots until then.
   */
  body: ReadableStream<Uint8Array>;
}

export interface BodyPump {
  body: ReadableStream<Uint8Array>;
  /** Resolves when the body was read to its end; rejects with what `body` fails with, or `abandoned` after a cancel. */
  done: Promise<void>;
}

/**
 * Hands a body on with back-pressure, its failures translated. `signal` ends it even while nobody reads,
 * so that an abandoned body does not keep its connection beyond the deadline.
 */
export function pumpBody(
  response: Response,
  signal: AbortSignal,
  failures: { translate: (error: unknown) => RobinError; abandoned: () => RobinError },
): BodyPump {
  const source: ReadableStream<Uint8Array> = response.body ?? new ReadableStream<Uint8Array>({ start: close });
  const reader = source.getReader();
  const { promise: done, resolve, reject } = Promise.withResolvers<undefined>();
  let fail: (error: unknown) => void = () => undefined;
  const onAbort = (): void => {
    fail(signal.reason);
  };

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        fail = (error) => {
          const failure = failures.translate(error);
          reject(failure);
          controller.error(failure);
          signal.removeEventListener("abort", onAbort);
          reader.cancel().catch(() => undefined);
        };
      },
      async pull(controller) {
        try {
          const { done: ended, value } = await reader.read();
          if (signal.aborted) return;
          if (!ended) {
            controller.enqueue(value);
            return;
          }
          signal.removeEventListener("abort", onAbort);
          controller.close();
          resolve(undefined);
        } catch (error) {
          fail(error);
        }
      },
      async cancel() {
        signal.removeEventListener("abort", onAbort);
        reject(failures.abandoned());
        await reader.cancel();
      },
    },
    // Nothing is taken ahead of the reader; the socket's own buffers are ahead enough.
    { highWaterMark: 0 },
  );
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { body, done };
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  controller.close();
}
