import { setImmediate, setTimeout } from "node:timers/promises";

const chunkBytes = 32 * 1024;

/** Robin refuses before it reads the body, in a few milliseconds when it is idle. */
const refusalWaitMs = 20;

/**
 * A body for fetch. Robin answers an upload it refuses (401, 405) at once and then resets the connection, and the
 * error of a running write would hide the answer. So a large body goes out in chunks: the first is small enough for
 * Robin to swallow it, then there is a moment for the refusal, and before each chunk the answer has its turn.
 */
export function uploadBody(body: Uint8Array | undefined): Uint8Array | AsyncIterable<Uint8Array> | null {
  if (body === undefined) return null;
  return body.byteLength <= chunkBytes ? body : chunked(body);
}

async function* chunked(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body.subarray(0, chunkBytes);
  await setTimeout(refusalWaitMs);
  for (let start = chunkBytes; start < body.byteLength; start += chunkBytes) {
    yield body.subarray(start, start + chunkBytes);
    await setImmediate();
  }
}
