import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multipartForm } from "./multipart.ts";

/** Robin's own splitting: at the boundary, one CRLF off the end, then a `--` off the end. */
function readByRobin(form: { body: Buffer; contentType: string }): Buffer {
  const boundary = /boundary=(.+)$/.exec(form.contentType)?.[1] ?? "";
  const part = form.body.toString("latin1").split(`--${boundary}`)[1] ?? "";
  const content = part
    .slice(part.indexOf("\r\n\r\n") + 4)
    .replace(/\r\n$/, "")
    .replace(/--$/, "");
  return Buffer.from(content, "latin1");
}

describe("multipartForm", () => {
  it("carries every message byte for byte, but for a CRLF after a final --", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.constantFrom("", "--", "\r\n", "--\r\n"), (bytes, end) => {
        const message = Buffer.concat([bytes, Buffer.from(end)]);
        const expected =
          end === "--" || message.subarray(-2).toString() === "--"
            ? `${message.toString("latin1")}\r\n`
            : message.toString("latin1");
        expect(readByRobin(multipartForm(message)).toString("latin1")).toBe(expected);
      }),
    );
  });

  it("names the part a file, which is what Robin looks for", () => {
    expect(multipartForm(Buffer.from("x")).body.toString()).toContain('name="file"; filename="message.eml"');
  });
});
