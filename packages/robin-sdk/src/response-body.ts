import { InvalidResponseError } from "./errors.ts";

const detailBytesMax = 2_048;

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

/** The start of an error body, when it is text or JSON. HTML tells nothing and must not travel on. */
export function readDetail(response: Response, body: Buffer): string | undefined {
  const type = mediaTypeOf(response);
  if (type !== "text/plain" && type !== "application/json") return undefined;
  // A character cut in half at the end becomes U+FFFD; drop it.
  const text = body
    .subarray(0, detailBytesMax)
    .toString("utf8")
    .replace(/\uFFFD$/, "")
    .trim();
  return text === "" ? undefined : text;
}
