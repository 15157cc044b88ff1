import { AppError } from "@robin/api";
import { describe, expect, it } from "vitest";
import { fileInForm } from "./form-file.ts";

const type = "multipart/form-data; boundary=b";
const part = (head: string, text: string) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`;
const end = "--b--\r\n";
const read = async (text: string, contentType = type) =>
  Buffer.from(await fileInForm(Buffer.from(text), contentType, "file")).toString();

describe("the file in a form", () => {
  it("is read byte by byte, beside other fields and files", async () => {
    const text = "a,b\r\n--not the end\r\nü\0";
    const form =
      part(`name="x"`, "1") +
      part(`name="other"; filename="o"`, "2") +
      part(`name="file"; filename="ü.csv"`, text) +
      end;
    expect(await read(form)).toBe(text);
  });

  it("may be empty or large", async () => {
    expect(await read(part(`name="file"; filename="a"`, "") + end)).toBe("");
    const large = "0123456789".repeat(100_000);
    expect(await read(part(`name="file"; filename="a"`, large) + end)).toBe(large);
  });

  it("is the first of that name", async () => {
    const form = part(`name="file"; filename="a"`, "first") + part(`name="file"; filename="b"`, "second") + end;
    expect(await read(form)).toBe("first");
  });

  it.each([
    ["no body", "", type],
    ["no end", part(`name="file"; filename="a"`, "text"), type],
    ["another boundary", part(`name="file"; filename="a"`, "text") + end, "multipart/form-data; boundary=c"],
    ["no boundary", part(`name="file"; filename="a"`, "text") + end, "multipart/form-data"],
    ["a text in place of the file", part(`name="file"`, "text") + end, type],
    ["the file in another field", part(`name="files"; filename="a"`, "text") + end, type],
  ])("is refused with %s", async (_what, form, contentType) => {
    const error: unknown = await read(form, contentType).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "invalid_input" });
  });
});
