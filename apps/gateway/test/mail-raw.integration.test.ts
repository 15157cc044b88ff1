import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 }, app: { requestTimeoutMs: 30_000 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());
beforeEach(() => gateway.db.auditEvent.deleteMany());

const text = "Message-ID: <1@example.com>\r\nSubject: Gr\xfc\xdfe\r\n\r\n.\r\nna\xefve \xc3\xbc\r\n--end--\r\n";
const message = Buffer.from(text, "latin1");
const envelope = "mail=tony%40example.com&rcpt=a%40example.com%2Cb%40example.com";
const upload = (query: string, body: string | Uint8Array = message, path = "/mail/send", headers = {}) =>
  gateway.request(`/api/v1${path}?${query}`, {
    method: "POST",
    body,
    token: operator.token,
    headers: { "content-type": "message/rfc822", ...headers },
  });
const arrived = () => gateway.simulator.smtp.delivered.at(-1);
const operations = [
  ["/mail/send", "mail.send", "/client/send"],
  ["/queue", "queue.enqueue", "/client/queue"],
] as const;

describe("a raw message to POST /mail/send", () => {
  it.each(["rcpt=a%40example.com,b%40example.com", "rcpt=a%40example.com&rcpt=b%40example.com"])(
    "200 with its bytes delivered as they are, recipients as %s",
    async (rcpt) => {
      const answer = await upload(`mail=tony%40example.com&${rcpt}&route=self`);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({ messageId: "<1@example.com>", delivered: true });
      expect(arrived()).toMatchObject({ mail: "tony@example.com", rcpts: ["a@example.com", "b@example.com"] });
      expect(arrived()?.message.toString("latin1")).toBe(text);
      expect(gateway.simulator.requests.at(-1)?.target).toContain("route=self");
    },
  );

  it("200 over tRPC as bytes and as base64", async () => {
    const client = trpcClient(gateway, operator.token);
    for (const given of [new Uint8Array(message), message.toString("base64")]) {
      await client.mail.sendRaw.mutate({ mail: "tony@example.com", rcpt: ["a@example.com"], message: given });
      expect(arrived()?.message.toString("latin1")).toBe(text);
    }
  });

  it("200 without a messageId when it has none, and with CRLF for the line ends of a Unix file", async () => {
    const answer = await upload(envelope, "Subject: x\n\nHello\n");
    expect(answer.body).not.toHaveProperty("messageId");
    expect(arrived()?.message.toString()).toBe("Subject: x\r\n\r\nHello\r\n");
  });
});

describe("a raw message to POST /queue", () => {
  it("200 with an item for each distinct recipient, found by its sessionUid, the same bytes in each", async () => {
    const before = gateway.simulator.requests.length;
    const answer = await upload(`${envelope},a%40example.com`, message, "/queue");
    expect(answer.status, answer.text).toBe(200);
    const { messageId, queued, failed } = answer.body as { messageId: string; queued: { to: string }[]; failed: [] };
    expect([messageId, failed]).toEqual(["<1@example.com>", []]);
    expect(queued.map(({ to }) => to)).toEqual(["a@example.com", "b@example.com"]);
    const uploads = gateway.simulator.requests.slice(before);
    expect(uploads).toHaveLength(2);
    for (const { target, body } of uploads) {
      expect(target).toContain("protocol=ESMTP");
      expect(`${body.toString("latin1")}\r\n`).toBe(text);
    }
    expect(await gateway.db.auditEvent.findMany()).toMatchObject([
      { action: "queue.enqueue", targets: ["a@example.com", "b@example.com"], outcome: "SUCCEEDED" },
    ]);
  });

  it("200 over tRPC", async () => {
    const input = { mail: "tony@example.com", rcpt: "a@example.com,b@example.com", message: new Uint8Array(message) };
    const { queued } = await trpcClient(gateway, operator.token).queue.enqueueRaw.mutate(input);
    expect(queued).toHaveLength(2);
  });
});

describe.each(operations)("a raw message to POST %s", (path, action, robinRoute) => {
  const calls = () => gateway.simulator.requests.filter(({ target }) => target.startsWith(robinRoute)).length;

  it.each<[string, string]>([
    ["mail", "rcpt=a%40example.com"],
    ["rcpt", "mail=tony%40example.com"],
    ["rcpt.1", "mail=tony%40example.com&rcpt=a%40example.com,"],
    ["rcpt.0", "mail=tony%40example.com&rcpt=%7B%24rcpt%7D"],
    ["rcpt.0", "mail=tony%40example.com&rcpt=a%40example.com%0d%0aRCPT TO:<x@y.example>"],
    ["rcpt.0", "mail=tony%40example.com&rcpt=A <a%40example.com>"],
    ["mail", "mail=%22a b%22%40example.com&rcpt=a%40example.com"],
    ["mail", `mail=j%C3%BCrgen%40example.com&rcpt=a%40example.com`],
    ["route", `${envelope}&route=..%2Fx`],
    ["", `${envelope}&filename=x.eml`],
  ])("400 with the path '%s' for %s", async (field, query) => {
    const before = calls();
    const answer = await upload(query, message, path);
    expectError(answer, 400, "invalid_input");
    expect((answer.body as { issues: { path: string }[] }).issues.map((issue) => issue.path)).toEqual([field]);
    expect(calls()).toBe(before);
  });

  it("400 for 101 recipients", async () => {
    const many = Array.from({ length: 101 }, (_, index) => `u${index}@example.com`).join(",");
    expectError(await upload(`mail=tony%40example.com&rcpt=${many}`, message, path), 400, "invalid_input");
  });

  it.each([
    ["nothing", "", "is empty"],
    ["no mail", "Hello there", "no header"],
    ["a tag of Robin's", "Subject: x\r\n\r\nIt is {$date}.\r\n", "{$date} in line 3"],
    ["a line that begins with a dot", "Subject: x\r\n\r\n.hidden\r\n", "begins with a dot"],
    ["too long a line", `Subject: x\r\n\r\n${"x".repeat(999)}\r\n`, "999 bytes"],
    ["a carriage return alone", "Subject: x\r\n\r\na\rb\r\n", "carriage return"],
  ])("400 that says why for %s, and no audit row", async (_name, body, problem) => {
    const before = calls();
    const answer = await upload(envelope, body, path);
    expectError(answer, 400, "invalid_input");
    expect((answer.body as { message: string }).message).toContain(problem);
    expect(calls()).toBe(before);
    expect(await gateway.db.auditEvent.count()).toBe(0);
  });

  it("413 over 25 MB, 415 as another type", async () => {
    const large = Buffer.concat([Buffer.from("Subject: x\r\n\r\n"), Buffer.alloc(25 * 1024 ** 2, "line\r\n")]);
    expectError(await upload(envelope, large, path), 413, "payload_too_large");
    expectError(
      await upload(envelope, message, path, { "content-type": "application/octet-stream" }),
      415,
      "unsupported_media_type",
    );
  });

  it("401 without a token and 403 without MANAGE_QUEUE, by either road", async () => {
    const reader = await gateway.signIn("ROLE_READONLY");
    const before = calls();
    expectError(await upload(envelope, message, path, { authorization: "" }), 401, "unauthenticated");
    const authorization = `Bearer ${reader.token}`;
    expectError(await upload(envelope, message, path, { authorization }), 403, "forbidden");
    const input = { mail: "tony@example.com", rcpt: ["a@example.com"], message: message.toString("base64") };
    for (const [token, code] of [
      [undefined, "unauthenticated"],
      [reader.token, "forbidden"],
    ] as const) {
      const client = trpcClient(gateway, token);
      const call = action === "mail.send" ? client.mail.sendRaw : client.queue.enqueueRaw;
      expect(await failureOf(call.mutate(input))).toMatchObject({ appCode: code });
    }
    expect(calls()).toBe(before);
  });

  it("leaves nothing of the message in the audit row and in the log", async () => {
    expect((await upload(envelope, "Subject: dossier\r\n\r\nclassified\r\n", path)).status).toBe(200);
    const kept = JSON.stringify([await gateway.db.auditEvent.findMany(), gateway.logs]);
    expect(kept).toContain(action);
    for (const word of ["dossier", "classified"]) expect(kept).not.toContain(word);
  });
});
