import { setImmediate } from "node:timers/promises";

const chunkBytes = 64 * 1024;

/**
 * A body for fetch. A large one goes out in chunks, looking for an answer before each: Robin answers an upload it
 * refuses (401, 405) at once and then resets the connection, and the error of a running write would hide the answer.
 */
export function uploadBody(body: Uint8Array | undefined): Uint8Array | AsyncIterable<Uint8Array> | null {
  if (body === undefined) return null;
  return body.byteLength <= chunkBytes ? body : chunked(body);
}

async function* chunked(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.byteLength; start += chunkBytes) {
    await setImmediate();
    yield body.subarray(start, start + chunkBytes);
  }
}
