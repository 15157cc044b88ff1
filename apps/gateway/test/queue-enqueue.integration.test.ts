import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { readMail } from "./mail-reader.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

interface Enqueued {
  messageId: string;
  queued: { to: string; sessionUid: string }[];
  failed: { to: string; message: string }[];
}

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({
    simulator: { items: 0 },
    robin: { breaker: { failureThreshold: 1000 } },
    app: { requestTimeoutMs: 600 },
  });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.simulator.faults.clear();
  for (const { uid } of [...gateway.simulator.queue.items()]) gateway.simulator.queue.remove(uid);
  await gateway.db.auditEvent.deleteMany();
});

const mail = { from: "tony@example.com", to: ["pepper@example.com"], subject: "Lunch", text: "At noon?" };
const post = (body: unknown, path = "/api/v1/queue") => gateway.request(path, { body, token: operator.token });
const enqueuedIn = (answer: Answer): Enqueued => {
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Enqueued;
};
const uploads = () => gateway.simulator.requests.filter(({ target }) => target.startsWith("/client/queue?"));

/** Posts one message and gives back what Robin got of it. */
async function send(fields: object) {
  const before = uploads().length;
  const answer = enqueuedIn(await post({ ...mail, ...fields }));
  const [upload] = uploads().slice(before);
  if (!upload) throw new Error("Robin got no message");
  const raw = upload.body.toString("latin1");
  const [head = ""] = raw.split("\r\n\r\n", 1);
  const unfolded = head.replaceAll(/\r\n[ \t]/g, " ").split("\r\n");
  const header = (name: string) =>
    unfolded
      .filter((line) => line.toLowerCase().startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim());
  const query = new URL(upload.target, "http://robin").searchParams;
  return { answer, upload, raw, head, body: raw.slice(head.length + 4), header, query };
}

/** The text of the first part with this type. */
const partOf = (raw: string, type: "text/plain" | "text/html") =>
  readMail(Buffer.from(raw, "latin1"))
    .leaves.find((leaf) => leaf.type === type)
    ?.content.toString("utf8") ?? "";

const decodeWords = (value: string): string =>
  value
    .replaceAll(/\?=\s+=\?/g, "?==?")
    .replaceAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_all, kind: string, text: string) => {
      if (kind.toUpperCase() === "B") return Buffer.from(text, "base64").toString("latin1");
      return text
        .replaceAll("_", " ")
        .replaceAll(/=([0-9A-F]{2})/gi, (_hex, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
    })
    .replace(/^[\s\S]*$/, (bytes) => Buffer.from(bytes, "latin1").toString("utf8"));

describe("POST /api/v1/queue", () => {
  it("200 with raw RFC 822 at Robin: CRLF only, and the Message-ID of the answer", async () => {
    const { answer, upload, raw, header, query, body } = await send({ text: "one\ntwo\r\nthree\rfour" });
    expect(upload.method).toBe("POST");
    expect(upload.headers["content-type"]).toBe("message/rfc822");
    expect(raw.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    expect(answer.messageId).toMatch(/^<[^<>\s]+@example\.com>$/);
    expect(header("message-id")).toEqual([answer.messageId]);
    expect(header("from")).toEqual(["tony@example.com"]);
    expect(header("to")).toEqual(["pepper@example.com"]);
    expect(header("subject")).toEqual(["Lunch"]);
    expect(header("mime-version")).toEqual(["1.0"]);
    expect(header("date")).toHaveLength(1);
    expect(body.split("\r\n").slice(0, 2)).toEqual(["one", "two"]);
    expect(Object.fromEntries(query)).toEqual({
      mail: "tony@example.com",
      rcpt: "pepper@example.com",
      protocol: "ESMTP",
    });
    expect(await gateway.db.auditEvent.findMany()).toMatchObject([
      { action: "queue.enqueue", targets: ["pepper@example.com"], outcome: "SUCCEEDED", actorId: operator.userId },
    ]);
  });

  it("200 with one item per distinct recipient, each found in the list by its sessionUid", async () => {
    const to = ["a@example.com", "b@example.com", "a@example.com", "c+tag@example.com"];
    const { answer, header } = await send({ to });
    expect(answer.queued.map((entry) => entry.to)).toEqual(["a@example.com", "b@example.com", "c+tag@example.com"]);
    expect(answer.failed).toEqual([]);
    expect(header("to").join(" ")).toContain("b@example.com");
    const list = await gateway.request("/api/v1/queue", { token: operator.token });
    const { items } = list.body as { items: { sessionUid: string; recipients: string[]; protocol: string }[] };
    expect(items).toHaveLength(3);
    for (const { to: recipient, sessionUid } of answer.queued) {
      expect(items.filter((item) => item.sessionUid === sessionUid)).toMatchObject([
        { recipients: [recipient], protocol: "ESMTP" },
      ]);
    }
    expect(await gateway.db.auditEvent.count()).toBe(1);
  });

  it("200 with the same over tRPC and over the drop-in path", async () => {
    const typed = await trpcClient(gateway, operator.token).queue.enqueue.mutate(mail);
    expect(typed).toMatchObject({ queued: [{ to: "pepper@example.com" }], failed: [] });
    expect(enqueuedIn(await post(mail, "/queue"))).toMatchObject({ queued: [{ to: "pepper@example.com" }] });
    expect(gateway.simulator.queue.counts()).toEqual({ ready: 2, claimed: 0, dead: 0 });
  });

  it("200 with a message of 7-bit characters that reads as it was written", async () => {
    const subject = `Grüße 🚀 — ${"дом ".repeat(40)}end`;
    const text = `Zeile äöü\n${"long ".repeat(400)}\n.\n.leading dot\nFrom here`;
    const html = "<p title='ß'>日本語 &amp; <b>x</b></p>";
    const { raw, header } = await send({ subject, text, html });
    expect(raw).toMatch(/^[\r\n\t -~]*$/);
    for (const line of raw.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
    expect(decodeWords(header("subject")[0] ?? "")).toBe(subject);
    expect(partOf(raw, "text/plain").trimEnd().replaceAll("\r\n", "\n")).toBe(text);
    expect(partOf(raw, "text/html").trimEnd()).toBe(html);
    expect(header("content-type")[0]).toMatch(/^multipart\/alternative;/);
  });

  it.each([
    ["CRLF and a header", "Hi\r\nBcc: evil@example.com"],
    ["LF and a header", "Hi\nBcc: evil@example.com"],
    ["CR and a header", "Hi\rBcc: evil@example.com"],
    ["an empty line and a body", "Hi\r\n\r\nbody of the attacker"],
    ["a fold and a header", "Hi\r\n Bcc: evil@example.com\r\nX: y"],
  ])("200 with a subject of one line for %s", async (_name, subject) => {
    const { head, header, body } = await send({ subject });
    expect(header("bcc")).toEqual([]);
    expect(header("x")).toEqual([]);
    expect(header("subject")).toHaveLength(1);
    expect(head).toMatch(/^(?:[\w-]+: .*(?:\r\n[ \t].*)*(?:\r\n|$))+$/);
    expect(body).not.toContain("attacker");
  });

  it.each([
    ["from", { from: "tony@example.com\r\nBcc: evil@example.com" }],
    ["from", { from: "tony@example.com\n" }],
    ["from", { from: "Tony <tony@example.com>, Eve <evil@example.com>" }],
    ["from", { from: { name: "Tony\r\nBcc: evil@example.com", address: "tony@example.com" } }],
    ["from", { from: { address: "tony@example.com", bcc: "evil@example.com" } }],
    ["from", { from: "tony@example.com, evil@example.com" }],
    ["from", { from: "<>" }],
    ["from", { from: "" }],
    ["from", { from: "{$mail}@example.com" }],
    ["from", { from: `${"x".repeat(65)}@example.com` }],
    ["to.0", { to: ["pepper@example.com\r\nRCPT TO:<evil@example.com>"] }],
    ["to.0", { to: ["a@example.com,b@example.com"] }],
    ["to.0", { to: ["{$rcpt}"] }],
    ["to.1", { to: ["a@example.com", "no address"] }],
    ["to", { to: [] }],
    ["to", { to: "a@example.com" }],
    ["to", { to: Array.from({ length: 101 }, (_, index) => `u${index}@example.com`) }],
    ["to", { to: [], cc: [], bcc: [] }],
    ["to", { cc: Array.from({ length: 100 }, (_, index) => `u${index}@example.com`) }],
    ["cc.0", { cc: ["no address"] }],
    ["replyTo.0", { replyTo: ["no address"] }],
    ["subject", { subject: "a\0b" }],
    ["subject", { subject: "a\ud800" }],
    ["subject", { subject: "s".repeat(999) }],
    ["subject", { subject: 7 }],
    ["text", { text: ["a"] }],
    ["html", { html: false }],
    ["route", { route: "a b" }],
    ["route", { route: "../x" }],
    ["route", { route: "" }],
    ["route", { route: "{$x}" }],
    ["", { sender: "evil@example.com" }],
    ["", { file: "/etc/passwd" }],
  ])("400 with the path '%s' for %j, and nothing queued", async (path, fields) => {
    const before = gateway.simulator.requests.length;
    const answer = await post({ ...mail, ...fields });
    expect(answer.status).toBe(400);
    const { code, issues } = answer.body as { code: string; issues: { path: string }[] };
    expect(code).toBe("invalid_input");
    expect(new Set(issues.map((issue) => issue.path))).toEqual(new Set([path]));
    expect(gateway.simulator.requests.length).toBe(before);
    expect(await gateway.db.auditEvent.count()).toBe(0);
  });

  it("200 with Robin's tags in the body hidden from Robin, yet there for the reader", async () => {
    const text = "Use {$date} and {$RCPT}";
    const html = "<p>{$msgid} {$headers[from]}</p>";
    const { raw } = await send({ text, html });
    expect(raw).not.toContain("{$");
    expect(partOf(raw, "text/plain").trim()).toBe(text);
    expect(partOf(raw, "text/html").trim()).toBe(html);
  });

  it("200 with file and URL references in HTML left alone", async () => {
    const html = '<img src="file:///etc/passwd"><img src="http://127.0.0.1:1/x">';
    const { raw } = await send({ text: undefined, html });
    expect(raw).toContain("file:///etc/passwd");
    expect(raw).not.toContain("root:");
  });

  it("200 with the route passed on", async () => {
    const { query } = await send({ route: "backup-route.1" });
    expect(query.get("route")).toBe("backup-route.1");
  });

  it("200 with an empty message when there is neither text nor HTML", async () => {
    const { body } = await send({ text: undefined });
    expect(body.trim()).toBe("");
  });
});

describe("POST /api/v1/queue while Robin fails", () => {
  const to = ["a@example.com", "b@example.com", "c@example.com"];
  const fail = (kind: "reset" | "html" | "blackHole", times: number) => {
    gateway.simulator.faults.set({ port: "client", route: "/client/queue", fault: { kind }, times });
  };
  /** Lets this many messages through, then fails. */
  const failAfter = (passing: number, kind: "reset" | "html" | "blackHole", times: number) => {
    fail(kind, times);
    gateway.simulator.faults.set({
      port: "client",
      route: "/client/queue",
      fault: { kind: "delay", ms: 0 },
      times: passing,
    });
  };

  it.each([
    ["reset", 503, "upstream_unavailable"],
    ["html", 502, "upstream_invalid"],
    ["blackHole", 504, "upstream_timeout"],
  ] as const)(
    "an error when the first recipient meets %s: %i, and no further one is tried",
    async (kind, status, code) => {
      fail(kind, 1);
      const before = uploads().length;
      const answer = await post({ ...mail, to });
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject({
        code,
        message: expect.stringContaining("may have been queued all the same") as string,
      });
      expect(uploads().length - before).toBe(1);
      expect(gateway.simulator.queue.size).toBe(0);
      expect(await gateway.db.auditEvent.findMany()).toMatchObject([
        { targets: to, outcome: "FAILED", errorCode: code },
      ]);
    },
  );

  it("200 naming who could not be queued when others could, each message sent once", async () => {
    failAfter(1, "html", 1);
    const before = uploads().length;
    const { queued, failed } = enqueuedIn(await post({ ...mail, to }));
    expect(queued.map((entry) => entry.to)).toEqual(["a@example.com", "c@example.com"]);
    expect(failed).toEqual([{ to: "b@example.com", message: expect.stringContaining("Robin") as string }]);
    expect(uploads().length - before).toBe(3);
    expect(gateway.simulator.queue.size).toBe(2);
  });

  it("200 without another call to Robin once the time of the request is used up", async () => {
    failAfter(1, "blackHole", 100);
    const before = uploads().length;
    const many = Array.from({ length: 20 }, (_, index) => `u${index}@example.com`);
    const { queued, failed } = enqueuedIn(await post({ ...mail, to: many }));
    expect(queued).toHaveLength(1);
    expect(failed.map((entry) => entry.to)).toEqual(many.slice(1));
    expect(uploads().length - before).toBe(2);
  });

  it("the same over tRPC: 503 with the catalogue's code", async () => {
    fail("reset", 1);
    const failure = await failureOf(trpcClient(gateway, operator.token).queue.enqueue.mutate(mail));
    expect(failure).toMatchObject({ httpStatus: 503, appCode: "upstream_unavailable" });
  });
});
