import { InvalidResponseError } from "./errors.ts";

const detailBytesMax = 2_048;
/** Error bodies are read to their end up to this size, so that a usual one does not cost the connection. */
const errorBytesMax = 64 * 1024;

/** The media type in lower case, without parameters; undefined when there is none. */
export function mediaTypeOf(response: Response): string | undefined {
  const type = response.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  return type === "" ? undefined : type;
}

/**
 * Reads a body, counting as it comes; Robin's content-length is not trusted.
 * Throws InvalidResponseError beyond `bytesMax`, after closing the connection.
 */
export async function readBody(response: Response, bytesMax: number): Promise<Buffer> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new InvalidResponseError(`Robin's answer exceeds ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** The first bytes of an error body, when it is text or JSON. HTML tells nothing and must not travel on. */
export async function readDetail(response: Response): Promise<string | undefined> {
  const type = mediaTypeOf(response);
  const body = await readStart(response);
  if (type !== "text/plain" && type !== "application/json") return undefined;
  // A character cut in half at the end becomes U+FFFD; drop it.
  const text = body
    .subarray(0, detailBytesMax)
    .toString("utf8")
    .replace(/\uFFFD$/, "")
    .trim();
  return text === "" ? undefined : text;
}

/** Leaving the loop early gives up the rest, and its connection. */
async function readStart(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body === null) return Buffer.alloc(0);
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > errorBytesMax) break;
  }
  return Buffer.concat(chunks, bytes);
}
