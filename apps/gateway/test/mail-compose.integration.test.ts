import { receive, transmit } from "@robin/simulator";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { readMail } from "./mail-reader.ts";
import { trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 }, app: { requestTimeoutMs: 30_000 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());
beforeEach(() => gateway.db.auditEvent.deleteMany());

const mail = { from: "tony@example.com", to: ["pepper@example.com"], subject: "Lunch", text: "At noon?" };
const post = (fields: object, path = "/mail/send") =>
  gateway.request(`/api/v1${path}`, { body: { ...mail, ...fields }, token: operator.token });
const ok = (answer: Answer): Answer => {
  expect(answer.status, answer.text).toBe(200);
  return answer;
};

/** Sends it and gives back what the next server holds then. */
async function delivered(fields: object) {
  const before = gateway.simulator.smtp.delivered.length;
  ok(await post(fields));
  const [arrived] = gateway.simulator.smtp.delivered.slice(before);
  if (!arrived) throw new Error("nothing was delivered");
  return { ...readMail(arrived.message), raw: arrived.message.toString("latin1"), envelope: arrived };
}

const textOf = (parts: { type: string; content: Buffer }[], type: string) =>
  parts
    .find((part) => part.type === type)
    ?.content.toString("utf8")
    .replace(/\r\n$/, "");

describe("a composed message", () => {
  it("200 with the names in the headers, the addresses in the envelope, and bcc in neither header", async () => {
    const { header, headerNames, raw, envelope } = await delivered({
      from: { name: "Tony Stark", address: "tony@example.com" },
      to: ["Pepper Potts <pepper@example.com>", '"Hogan, Happy" <happy@example.com>'],
      cc: ["j@bücher.example"],
      bcc: ["Secret <secret@example.com>"],
      replyTo: ["Office <office@example.com>"],
    });
    expect(header("from")).toEqual(["Tony Stark <tony@example.com>"]);
    expect(header("to")).toEqual(['Pepper Potts <pepper@example.com>, "Hogan, Happy" <happy@example.com>']);
    expect(header("cc")).toEqual(["j@xn--bcher-kva.example"]);
    expect(header("reply-to")).toEqual(["Office <office@example.com>"]);
    expect(headerNames).not.toContain("bcc");
    expect(raw).not.toMatch(/secret/i);
    expect(envelope.mail).toBe("tony@example.com");
    const everyone = ["pepper@example.com", "happy@example.com", "j@xn--bcher-kva.example", "secret@example.com"];
    expect(envelope.rcpts).toEqual(everyone);
  });

  it("200 with each header once, the Message-ID of the answer, and CRLF only", async () => {
    const { headerNames, header, raw } = await delivered({});
    expect(headerNames.toSorted()).toEqual(
      "content-transfer-encoding content-type date from message-id mime-version subject to".split(" "),
    );
    expect(header("message-id")[0]).toMatch(/^<[0-9a-f-]{36}@example\.com>$/);
    expect(raw.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  it("200 to hidden recipients alone", async () => {
    const { header, envelope } = await delivered({ to: [], bcc: ["secret@example.com"] });
    expect(header("to")).toEqual(["undisclosed-recipients:;"]);
    expect(envelope.rcpts).toEqual(["secret@example.com"]);
  });

  it("200 with an address once, however often and wherever it is named", async () => {
    const { envelope } = await delivered({
      to: ["a@example.com", "A <a@EXAMPLE.com>"],
      cc: ["a@example.com"],
      bcc: ["b@example.com"],
    });
    expect(envelope.rcpts).toEqual(["a@example.com", "b@example.com"]);
  });

  it("200 with text, HTML, an image within it and an attachment, each where mail programs look for it", async () => {
    const image = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 13, 10, 46, 13, 10]);
    const html = '<p>Hi <img src="cid:logo@x"></p>';
    const { leaves, parts, type } = await delivered({
      html,
      attachments: [
        { fileName: "logo.png", content: image.toString("base64"), contentId: "logo@x" },
        { fileName: "menu.pdf", content: image.toString("base64") },
      ],
    });
    expect(type).toBe("multipart/mixed");
    expect(leaves.map((leaf) => [leaf.type, leaf.disposition, leaf.fileName, leaf.contentId])).toEqual([
      ["text/plain", undefined, undefined, undefined],
      ["text/html", undefined, undefined, undefined],
      ["image/png", "inline", "logo.png", "<logo@x>"],
      ["application/pdf", "attachment", "menu.pdf", undefined],
    ]);
    expect(parts[0]?.type).toBe("multipart/alternative");
    expect(textOf(leaves, "text/html")).toBe(html);
    expect(leaves.slice(2).every(({ content }) => content.equals(image))).toBe(true);
  });

  it("200 with HTML alone, and with nothing but an empty attachment", async () => {
    const html = await delivered({ text: undefined, html: "<b>x</b>" });
    expect(html.leaves.map(({ type }) => type)).toEqual(["text/html"]);
    const empty = await delivered({ text: undefined, attachments: [{ fileName: "empty.txt", content: "" }] });
    expect(empty.leaves).toMatchObject([{ type: "text/plain", fileName: "empty.txt", disposition: "attachment" }]);
    expect(empty.leaves[0]?.content.length).toBe(0);
  });

  it("200 over tRPC with bytes as bytes, as base64, and with base64 in lines", async () => {
    const content = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
    const base64 = Buffer.from(content).toString("base64");
    const lines = base64.replaceAll(/(.{76})/g, "$1\r\n");
    const attachments = [content, base64, lines].map((given, index) => ({ fileName: `${index}.bin`, content: given }));
    const before = gateway.simulator.smtp.delivered.length;
    await trpcClient(gateway, operator.token).mail.send.mutate({ ...mail, attachments });
    const { leaves } = readMail(gateway.simulator.smtp.delivered[before]?.message ?? Buffer.alloc(0));
    expect(leaves.slice(1).map((leaf) => leaf.content.equals(Buffer.from(content)))).toEqual([true, true, true]);
  });

  it.each([
    "menu.pdf",
    'the "best" menu.pdf',
    "it's 100% \\o.txt".replace("\\", ""),
    "a;b=c, (d).txt",
    "Menü 日本語 🚀.pdf",
    "{$date}.txt",
    ".profile",
    " x ",
    "-- end",
    "n".repeat(255),
    "ü".repeat(127),
  ])("200 with a file called %s", async (fileName) => {
    const { leaves } = await delivered({ attachments: [{ fileName, content: "eA==" }] });
    expect(leaves[1]?.fileName).toBe(fileName);
    expect(leaves[1]?.content.toString()).toBe("x");
  });

  it.each([
    ["a.eml", "application/octet-stream"],
    ["a.png", "image/png"],
    ["a.unheardof", "application/octet-stream"],
    ["noend", "application/octet-stream"],
    ["a.txt", "text/plain"],
  ])("200 with %s as %s, which can be encoded", async (fileName, type) => {
    const { leaves } = await delivered({ attachments: [{ fileName, content: "LmENCnskZGF0ZX0=" }] });
    expect(leaves[1]?.type).toBe(type);
    expect(leaves[1]?.content.toString()).toBe(".a\r\n{$date}");
  });

  it("200 with the headers that are allowed", async () => {
    const headers = {
      "In-Reply-To": "<1@example.com>",
      References: Array.from({ length: 40 }, (_, index) => `<${index}@example.com>`).join(" "),
      "List-Unsubscribe": "<mailto:x@example.com>, <https://example.com/u?a=b>",
      "Auto-Submitted": "auto-generated",
    };
    const { header } = await delivered({ headers });
    for (const [name, value] of Object.entries(headers)) expect(header(name)).toEqual([value]);
  });

  it.each(["{$date}", "{$MAIL} {$rcpt}", "{$headers}", "{$randch5}"])(
    "200 with %s wherever a person may write it, there for the reader",
    async (tag) => {
      const { header, leaves } = await delivered({
        from: `${tag} <tony@example.com>`,
        subject: `${tag} and more`,
        text: tag,
        html: `<p>${tag}</p>`,
        attachments: [{ fileName: tag, content: Buffer.from(tag).toString("base64") }],
      });
      expect(header("subject")).toEqual([`${tag} and more`]);
      expect(header("from")).toEqual([`${tag} <tony@example.com>`]);
      expect(textOf(leaves, "text/plain")).toBe(tag);
      expect(textOf(leaves, "text/html")).toBe(`<p>${tag}</p>`);
      expect([leaves[2]?.fileName, leaves[2]?.content.toString()]).toEqual([tag, tag]);
    },
  );

  it("200 with lines of dots, long lines, `--` at the end and other letters, to the last byte", async () => {
    const text = `.\n..\n.hidden\n . \n${"x".repeat(2000)}\n${"word . ".repeat(300)}\näöü 日本語\n\n--end--`;
    const { leaves } = await delivered({ text });
    expect(textOf(leaves, "text/plain")).toBe(text.replaceAll("\n", "\r\n"));
    const plain = await delivered({ text: "...and so on" });
    expect(textOf(plain.leaves, "text/plain")).toBe("...and so on");
  });

  it("reads as it was written, whatever that was", async () => {
    const piece = fc.constantFrom(
      ..."\n|.|..| |a|{$date}|{$|}|=|=3D|=?UTF-8?Q?x?=|ü|🚀|--|\t|From |long word ".split("|"),
    );
    const lines = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
    const client = trpcClient(gateway, operator.token);
    await fc.assert(
      fc.asyncProperty(lines, lines, async (text, name) => {
        const oneLine = name.replaceAll(/[\n\t]/g, " ").replaceAll(/^ +| +$/g, "");
        const fileName = `x${oneLine}`.slice(0, 100).replaceAll(/[\ud800-\udfff]/g, "");
        const from = {
          name: oneLine
            .slice(0, 100)
            .replaceAll(/[\ud800-\udfff]/g, "")
            .trim(),
          address: "t@example.com",
        };
        const attachments = [{ fileName, content: "" }];
        const input = { ...mail, from, subject: oneLine, text, attachments };
        const before = gateway.simulator.requests.length;
        await client.queue.enqueue.mutate(input);
        const upload = gateway.simulator.requests[before];
        const envelope = { mail: from.address, rcpt: "pepper@example.com", messageId: "<1@x>", date: new Date(0) };
        const arrived = receive(transmit(upload?.body ?? Buffer.alloc(0), envelope));
        const { header, leaves } = readMail(arrived);
        expect(header("subject").join("")).toBe(oneLine);
        expect(leaves.at(-1)?.fileName).toBe(fileName);
        if (text !== "") expect(leaves[0]?.content.toString("utf8")).toBe(text.replaceAll("\n", "\r\n"));
        const [given = ""] = header("from");
        const shown = /^(.*) <[^<]*>$/.exec(given)?.[1] ?? "";
        const unquoted = shown.startsWith('"') ? shown.slice(1, -1).replaceAll(/\\(.)/g, "$1") : shown;
        expect(unquoted).toBe(from.name);
      }),
      { numRuns: 100 },
    );
  });
});

describe("what cannot be composed", () => {
  const attached = (change: object) => ({ attachments: [{ fileName: "a.txt", content: "eA==", ...change }] });
  it.each<[string, object]>([
    ["attachments.0.fileName", attached({ fileName: "../../etc/passwd" })],
    ["attachments.0.fileName", attached({ fileName: "C:\\menu.pdf" })],
    ["attachments.0.fileName", attached({ fileName: ".." })],
    ["attachments.0.fileName", attached({ fileName: "" })],
    ["attachments.0.fileName", attached({ fileName: "a\r\nX: y.txt" })],
    ["attachments.0.fileName", attached({ fileName: "a\0.txt" })],
    ["attachments.0.fileName", attached({ fileName: "a\ud83d.txt" })],
    ["attachments.0.fileName", attached({ fileName: "ü".repeat(128) })],
    ["attachments.0.content", attached({ content: "not base64!" })],
    ["attachments.0.content", attached({ content: "eA" })],
    ["attachments.0.content", attached({ content: "eA==eA==" })],
    ["attachments.0.content", attached({ content: "-_-_" })],
    ["attachments.0.content", attached({ content: ["eA=="] })],
    ["attachments.0.mediaType", attached({ mediaType: "text/plain\r\nX: y" })],
    ["attachments.0.mediaType", attached({ mediaType: 'text/plain; name="x"' })],
    ["attachments.0.mediaType", attached({ mediaType: "multipart/mixed" })],
    ["attachments.0.mediaType", attached({ mediaType: "message/rfc822" })],
    ["attachments.0.contentId", attached({ contentId: "a>\r\nX: y" })],
    ["attachments.0", attached({ path: "/etc/passwd" })],
    ["attachments.0", attached({ href: "http://127.0.0.1/" })],
    ["attachments", { attachments: Array.from({ length: 101 }, () => ({ fileName: "a", content: "" })) }],
    ["headers", { headers: { Bcc: "evil@example.com" } }],
    ["headers", { headers: { "X-Any": "x" } }],
    ["headers.References", { headers: { References: "<a@b>\r\nBcc: evil@example.com" } }],
    ["headers.In-Reply-To", { headers: { "In-Reply-To": "{$msgid}" } }],
    ["headers.List-Id", { headers: { "List-Id": "ü" } }],
    ["headers.References", { headers: { References: "x".repeat(901) } }],
    ["from", { from: { name: "a\nb", address: "a@example.com" } }],
    ["to.0", { to: [{ name: "x", address: "jürgen@example.com" }] }],
  ])("400 with the path %s for %j by both operations, and Robin untouched", async (path, fields) => {
    const before = gateway.simulator.requests.length;
    for (const operation of ["/mail/send", "/queue"]) {
      const answer = await post(fields, operation);
      expect(answer.status, answer.text).toBe(400);
      const { issues } = answer.body as { issues: { path: string }[] };
      expect([...new Set(issues.map((issue) => issue.path))]).toEqual([path]);
    }
    expect(gateway.simulator.requests.length).toBe(before);
    expect(await gateway.db.auditEvent.count()).toBe(0);
  });

  it("200 over tRPC with an attachment larger than other bodies may be", async () => {
    const content = Buffer.alloc(2 * 1024 ** 2, "abc").toString("base64");
    const attachments = [{ fileName: "a.bin", content }];
    const { queued } = await trpcClient(gateway, operator.token).queue.enqueue.mutate({ ...mail, attachments });
    expect(queued).toHaveLength(1);
  });

  it("200 with an attachment of 17 MB, to the last byte; 413 when the message is over 25 MB", async () => {
    const content = Buffer.alloc(17 * 1024 ** 2, "a.\r\n{$date}\0");
    const { leaves } = await delivered({ attachments: [{ fileName: "a.bin", content: content.toString("base64") }] });
    expect(leaves[1]?.content.equals(content)).toBe(true);

    const before = gateway.simulator.requests.length;
    const tooMuch = Buffer.alloc(20 * 1024 ** 2).toString("base64");
    for (const operation of ["/mail/send", "/queue"]) {
      const answer = await post({ attachments: [{ fileName: "a.bin", content: tooMuch }] }, operation);
      expect(answer.status).toBe(413);
      expect(answer.body).toMatchObject({ code: "payload_too_large" });
    }
    expect(gateway.simulator.requests.length).toBe(before);
  });
});
