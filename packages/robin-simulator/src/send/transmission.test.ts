import { describe, expect, it } from "vitest";
import { sendRaw } from "../testing/raw-http.ts";
import { startSimulator } from "../testing/simulators.ts";
import { receive, transmit } from "./transmission.ts";

const envelope = { mail: "a@example.com", rcpt: "b@example.com", messageId: "<1@x>", date: new Date(0) };
const written = (text: string) => transmit(Buffer.from(text, "latin1"), envelope).toString("latin1");

describe("transmit", () => {
  it("ends every message with one line end more", () => {
    expect(written("a\r\n")).toBe("a\r\n\r\n");
    expect(written("a")).toBe("a\r\n");
  });

  it("doubles only dots that stand alone, also behind blanks, and after any line end", () => {
    expect(written(".\r\n..\r\n.a\r\n . \r\n.\t\r\nb\n.\n.c")).toBe("..\r\n..\r\n.a\r\n. . \r\n..\t\r\nb\n..\n.c\r\n");
  });

  it("replaces the tags it knows, in any case, and leaves the others", () => {
    expect(written("{$mail} {$RcptTo} {$year} {$headers[x-y]}{$randno3} {$name} {$mail")).toBe(
      "a@example.com b@example.com 1970 777 {$name} {$mail\r\n",
    );
  });

  it("leaves other bytes alone", () => {
    expect(written("\xfc\0\xff")).toBe("\xfc\0\xff\r\n");
  });
});

describe("receive", () => {
  it("takes one dot from the beginning of each line", () => {
    expect(receive(Buffer.from("..\r\n.a\r\nb.\r\n")).toString()).toBe(".\r\na\r\nb.\r\n");
  });
});

describe("POST /client/send with a raw message", () => {
  it("hands the next server what Robin writes, for the recipients it accepted", async () => {
    const robin = await startSimulator();
    const target = "/client/send?mail=a@example.com&rcpt=ok@x,nouser@x";
    const headers = { "Content-Type": "message/rfc822" };
    await sendRaw(robin.clientUrl, { method: "POST", target, headers, body: "Subject: x\r\n\r\n.a {$mail}" });
    await sendRaw(robin.clientUrl, { method: "POST", target: target.replace("ok@", "spam@"), headers, body: "x" });
    const message = Buffer.from("Subject: x\r\n\r\na a@example.com\r\n");
    expect(robin.smtp.delivered).toEqual([{ mail: "a@example.com", rcpts: ["ok@x"], message }]);
  });
});
