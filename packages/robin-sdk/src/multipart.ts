import { randomUUID } from "node:crypto";

const lineEnd = "\r\n";

/** One file part in the form that Robin's own splitting understands. */
export function multipartForm(message: Uint8Array): { body: Buffer; contentType: string } {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const boundary = unusedBoundary(bytes);
  const head = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="file"; filename="message.eml"',
    "Content-Type: message/rfc822",
    lineEnd,
  ].join(lineEnd);
  // Robin removes one CRLF from the end of a part, and then a `--` that is left there.
  const tail = bytes.subarray(-2).toString("latin1") === "--" ? lineEnd + lineEnd : lineEnd;
  return {
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`${tail}--${boundary}--${lineEnd}`)]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

/** Robin splits at the boundary wherever it stands, so the message must not contain it. */
function unusedBoundary(bytes: Buffer): string {
  const boundary = `robin-${randomUUID()}`;
  return bytes.includes(boundary) ? unusedBoundary(bytes) : boundary;
}
