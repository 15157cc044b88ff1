import fc from "fast-check";
import { receive, transmit } from "@robin/simulator";
import { describe, expect, it } from "vitest";
import { AppError } from "../../errors.ts";
import { checkRawMessage, messageBytesMax } from "./message-bytes.ts";

const head = "Subject: x\r\n\r\n";
const bytes = (text: string) => Buffer.from(text, "latin1");
const checked = (text: string) => Buffer.from(checkRawMessage(bytes(text)).message).toString("latin1");
const envelope = { mail: "a@example.com", rcpt: "b@example.com", messageId: "<1@x>", date: new Date(0) };
const arrived = (text: string) => receive(transmit(bytes(checked(text)), envelope)).toString("latin1");

function refusal(text: string): string {
  try {
    checkRawMessage(bytes(text));
  } catch (error) {
    if (error instanceof AppError && error.code === "invalid_input") return error.issues?.[0]?.message ?? "";
    throw error;
  }
  throw new Error("it was taken");
}

describe("checkRawMessage", () => {
  it.each([
    ["plain text", `${head}Hello\r\n`],
    ["8-bit characters, UTF-8 or not", `Subject: \xfc\r\n\r\nGr\xfc\xdfe \xc3\xbc\r\n`],
    ["the end of a boundary", `${head}--b--\r\n`],
    ["dots alone", `${head}.\r\n . \r\n.\t\r\nend\r\n`],
    ["names that are none of Robin's tags", `${head}{$name} {$ date} {$dates} {$headers[ü]}\r\n`],
    ["998 bytes in a line", `${head}${"x".repeat(998)}\r\n`],
    ["empty lines at its end", `${head}a\r\n\r\n\r\n`],
    ["a header alone", "Subject: x\r\n"],
    ["folded headers", "Subject: x\r\n\ty\r\n z\r\n\r\nbody\r\n"],
  ])("lets %s arrive as it is", (_name, text) => {
    expect(arrived(text)).toBe(text);
  });

  it("gives a message the line end at its end that it lacks", () => {
    expect(arrived(`${head}--b--`)).toBe(`${head}--b--\r\n`);
  });

  it("makes CRLF of line feeds alone, as files on Unix have them", () => {
    expect(arrived("Subject: x\n\nline\n.\nend\n")).toBe("Subject: x\r\n\r\nline\r\n.\r\nend\r\n");
  });

  it.each([
    ["nothing", "", "is empty"],
    ["a carriage return alone", `${head}a\rb\r\n`, "carriage return"],
    ["a carriage return at the end", `${head}a\r`, "carriage return"],
    ["NUL", `${head}a\0b`, "NUL"],
    ["999 bytes in a line", `${head}${"x".repeat(999)}\r\n`, "999 bytes in line 3"],
    ["a dot before text", `${head}\r\n.hidden\r\n`, "(4)"],
    ["two dots", `${head}..\r\n`, "begins with a dot"],
    ["a dot before text after a line feed alone", `${head}a\n.b\n`, "begins with a dot"],
    ["text without headers", "Hello there\r\n", "no header"],
    ["the first line of a mailbox file", `From a@example.com Mon\r\n${head}`, "no header"],
    ["a folded first line", " x\r\n\r\nbody", "(1)"],
    ["a blank before the colon", "Subject : x\r\n\r\nbody", "no header"],
    ["an empty first line", "\r\nbody", "no header"],
  ])("refuses %s", (_name, text, problem) => {
    expect(refusal(text)).toContain(problem);
  });

  it.each(
    "msgid date yymd year mail mailfrom rcpt rcptto headers headers[x-a] randch randch3 randno randno99 DATE".split(
      " ",
    ),
  )("refuses {$%s} in the body and in a header", (name) => {
    expect(refusal(`${head}see {$${name}}\r\n`)).toContain(`{$${name}} in line 3`);
    expect(refusal(`Subject: {$${name}}\r\n\r\n`)).toContain(`{$${name}} in line 1`);
  });

  it("refuses more than 25 MB", () => {
    const text = head + `${"x".repeat(98)}\r\n`.repeat(Math.ceil(messageBytesMax / 100));
    expect(() => checkRawMessage(bytes(text))).toThrow(expect.objectContaining({ code: "payload_too_large" }) as Error);
  });

  it.each([
    [`Message-ID: <a@b>\r\n${head}`, "<a@b>"],
    [`message-id:\r\n <a@b>\r\n${head}`, "<a@b>"],
    [`${head}Message-ID: <a@b>\r\n`, undefined],
    [`Message-ID: none\r\n${head}`, undefined],
  ])("finds the Message-ID of %j: %s", (text, messageId) => {
    expect(checkRawMessage(bytes(text)).messageId).toBe(messageId);
  });

  it("takes nothing that would not arrive as it is", () => {
    const part = fc.constantFrom(..."\r\n|\n|\r|.|..| |a|{$date}|{$|$|}|\t|\xfc|--|:|{$RANDNO2}|\x01".split("|"));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const text = `Subject: x\r\n\r\n${parts.join("")}\r\n`;
        let taken: string;
        try {
          taken = arrived(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          return;
        }
        expect(taken).toBe(text.replaceAll(/(?<!\r)\n/g, "\r\n"));
      }),
      { numRuns: 2000 },
    );
  });
});
