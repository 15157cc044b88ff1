/** Raw mail instead of a JSON case, by the words in the content type. */
export function isRawUpload(contentType: string | undefined): boolean {
  const lower = (contentType ?? "").toLowerCase();
  return ["multipart/form-data", "message/rfc822", "application/octet-stream"].some((type) => lower.includes(type));
}

/** The message of an upload: all of the body, or the file part of a multipart body, or again all of it if there is no such part. */
export function extractMessage(body: Buffer, contentType: string | undefined): Buffer {
  if (contentType?.toLowerCase().includes("multipart/form-data") !== true) return body;
  const boundary = findBoundary(contentType);
  return boundary === "" ? body : (findFilePart(body, boundary) ?? body);
}

function findBoundary(contentType: string): string {
  const parameter = contentType.split(";").find((token) => token.trim().toLowerCase().startsWith("boundary="));
  const value = (parameter ?? "").trim().slice("boundary=".length).trim();
  return /^"(.*)"$/.exec(value)?.[1] ?? value;
}

function findFilePart(body: Buffer, boundary: string): Buffer | undefined {
  for (const part of body.toString("latin1").split(`--${boundary}`)) {
    const headEnd = part.indexOf("\r\n\r\n");
    const head = part.slice(0, Math.max(0, headEnd)).toLowerCase();
    if (!head.includes("filename=") && !head.includes('name="file"')) continue;
    // Robin's own loss: a message whose last line is `--boundary--` without a line end loses the dashes.
    const content = part
      .slice(headEnd + 4)
      .replace(/\r\n$/, "")
      .replace(/--$/, "");
    return Buffer.from(content, "latin1");
  }
  return undefined;
}
