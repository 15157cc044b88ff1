import { describe, expect, it } from "vitest";
import { decodeMessage } from "./store-text.ts";

const mail = (head: string, ...bytes: number[]): Buffer => Buffer.concat([Buffer.from(head), Buffer.from(bytes)]);

describe("decodeMessage", () => {
  it("reads UTF-8 as UTF-8, whatever the mail claims", () => {
    const bytes = Buffer.from("Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGrüße 🚂");
    expect(decodeMessage(bytes)).toEqual({ text: bytes.toString(), charset: "utf-8", sizeBytes: bytes.length });
  });

  it("reads what is not UTF-8 in the charset that the mail names", () => {
    const head = 'Subject: x\r\ncontent-type: text/plain;\r\n\tformat=flowed; charset="KOI8-R"\r\n\r\n';
    expect(decodeMessage(mail(head, 0xc4, 0xc1))).toMatchObject({ text: `${head}да`, charset: "koi8-r" });
  });

  it.each([
    ["no charset", "\r\n"],
    ["an unknown charset", "Content-Type: text/plain; charset=klingon\r\n\r\n"],
    ["a charset that does not fit", "Content-Type: text/plain; charset=utf-8\r\n\r\n"],
    ["a charset in the body only", "A: b\r\n\r\nContent-Type: text/plain; charset=koi8-r\r\n"],
    ["UTF-16, which no header can be in", "Content-Type: text/plain; charset=utf-16le\r\n\r\n"],
  ])("reads every byte as a character with %s", (_name, head) => {
    expect(decodeMessage(mail(head, 0xe9, 0x80))).toMatchObject({ text: `${head}é€`, charset: "windows-1252" });
  });

  it("reads nothing as nothing, and keeps a byte order mark", () => {
    expect(decodeMessage(Buffer.alloc(0))).toEqual({ text: "", charset: "utf-8", sizeBytes: 0 });
    expect(decodeMessage(Buffer.from("\ufeffx")).text).toBe("\ufeffx");
  });
});
