import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createLogger } from "./logger.ts";

function logged(format: "json" | "pretty", fields: object): string {
  let text = "";
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  createLogger({ level: "info", format }, destination).info(fields, "a line");
  return text;
}

describe.each(["json", "pretty"] as const)("createLogger, %s", (format) => {
  it.each([
    ["at the top", { password: "s3cret", key: "s3cret" }],
    ["in an input", { input: { currentPassword: "s3cret", newPassword: "s3cret", token: "s3cret" } }],
    ["in headers", { req: { headers: { authorization: "s3cret", "x-api-key": "s3cret", cookie: "s3cret" } } }],
    ["in an answer", { res: { headers: { "set-cookie": ["s3cret"] }, body: { accessToken: "s3cret" } } }],
  ])("cuts out secrets %s", (_where, fields) => {
    const text = logged(format, fields);
    expect(text).toContain("a line");
    expect(text).toContain("[redacted]");
    expect(text).not.toContain("s3cret");
  });

  it("leaves what leads to an API key and a user", () => {
    const text = logged(format, { apiKeyId: "01989c2e", userId: 17 });
    expect(text).toContain("01989c2e");
    expect(text).toContain("17");
  });
});
