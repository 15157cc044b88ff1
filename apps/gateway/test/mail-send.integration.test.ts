import { createRobinSimulator } from "@robin/simulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

interface Sent {
  messageId?: string;
  delivered: boolean;
  recipients: { to: string; verdict: string; smtpCode?: number; smtpText?: string }[];
  connectionFailure?: string;
}

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({
    simulator: { items: 0, smtp: { silentPeerMs: 900 } },
    // A send takes longer than a request may, and than other calls to Robin.
    app: { requestTimeoutMs: 300 },
    robin: { timeoutMs: 300, sends: { timeoutMs: 3000, maxWaiting: 2 }, breaker: { failureThreshold: 1000 } },
  });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.simulator.faults.clear();
  await gateway.db.auditEvent.deleteMany();
});

const mail = { from: "tony@example.com", to: ["pepper@example.com"], subject: "Secret lunch", text: "At noon?" };
const post = (fields: object = {}, init: object = {}) =>
  gateway.request("/api/v1/mail/send", { body: { ...mail, ...fields }, token: operator.token, ...init });
const sentIn = (answer: Answer): Sent => {
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Sent;
};
const sends = () => gateway.simulator.requests.filter(({ target }) => target.startsWith("/client/send?"));
const verdicts = ({ recipients }: Sent) => recipients.map(({ verdict, smtpCode }) => [verdict, smtpCode]);
const auditRows = () => gateway.db.auditEvent.findMany();

describe("POST /api/v1/mail/send", () => {
  it("200 with what the next server answered, and one conversation for all recipients", async () => {
    const before = sends().length;
    const sent = sentIn(await post({ to: ["a@example.com"], cc: ["b@example.com"], bcc: ["c@example.com"] }));
    expect(sent).toMatchObject({ delivered: true, messageId: expect.stringMatching(/@example\.com>$/) as string });
    expect(sent.recipients.map(({ to }) => to)).toEqual(["a@example.com", "b@example.com", "c@example.com"]);
    expect(sent.recipients[0]).toMatchObject({ verdict: "delivered", smtpCode: 250 });
    expect(sent.recipients[0]?.smtpText).toMatch(/^250 2\.0\.0 /);
    expect(sent).not.toHaveProperty("connectionFailure");
    const [request] = sends().slice(before);
    expect(sends().length - before).toBe(1);
    expect(request?.headers).toMatchObject({ "content-type": "message/rfc822" });
    const query = new URL(request?.target ?? "", "http://robin").searchParams;
    const envelope = { mail: "tony@example.com", rcpt: "a@example.com,b@example.com,c@example.com" };
    expect(Object.fromEntries(query)).toEqual(envelope);
  });

  it("200 with the same over tRPC, and with the route passed on", async () => {
    const sent = await trpcClient(gateway, operator.token).mail.send.mutate({ ...mail, route: "self" });
    expect(sent).toMatchObject({ delivered: true, recipients: [{ to: "pepper@example.com", verdict: "delivered" }] });
    expect(new URL(sends().at(-1)?.target ?? "", "http://robin").searchParams.get("route")).toBe("self");
  });

  it.each<[string, string[], [string, number | undefined][]]>([
    [
      "refused after an accepted one",
      ["ok@x.example", "nouser@x.example"],
      [
        ["delivered", 250],
        ["refused", 550],
      ],
    ],
    [
      "refused before an accepted one",
      ["nouser@x.example", "ok@x.example"],
      [
        ["refused", 550],
        ["delivered", 250],
      ],
    ],
    [
      "put off between two",
      ["a@x.example", "later@x.example", "b@x.example"],
      [
        ["delivered", 250],
        ["deferred", 451],
        ["delivered", 250],
      ],
    ],
    [
      "refused, each of them",
      ["nouser@x.example", "nouser@y.example"],
      [
        ["refused", 550],
        ["refused", 550],
      ],
    ],
    [
      "refused with the message",
      ["spam@x.example", "ok@x.example"],
      [
        ["refused", 554],
        ["refused", 554],
      ],
    ],
    [
      "behind a connection that breaks",
      ["dropped@x.example", "nouser@x.example"],
      [
        ["unknown", undefined],
        ["refused", 550],
      ],
    ],
    [
      "out of reach",
      ["refused@x.example", "ok@x.example"],
      [
        ["not-tried", undefined],
        ["not-tried", undefined],
      ],
    ],
  ])("200 with the truth about a recipient %s, and only those who have it delivered", async (_name, to, expected) => {
    const before = gateway.simulator.smtp.delivered.length;
    const sent = sentIn(await post({ to }));
    expect(sent.recipients.map((recipient) => recipient.to)).toEqual(to);
    expect(verdicts(sent)).toEqual(expected);
    expect(sent.delivered).toBe(false);
    const reached = gateway.simulator.smtp.delivered.slice(before).flatMap(({ rcpts }) => rcpts);
    expect(reached).toEqual(to.filter((_address, index) => expected[index]?.[0] === "delivered"));
  });

  it("200 with a refused sender on every recipient", async () => {
    const sent = sentIn(await post({ from: "badsender@example.com", to: ["a@x.example", "b@x.example"] }));
    expect(verdicts(sent)).toEqual([
      ["refused", 550],
      ["refused", 550],
    ]);
    expect(sent.recipients[0]?.smtpText).toBe("550 5.1.8 bad sender");
  });

  it("200 after a server that said nothing, although that took longer than a request may take", async () => {
    const sent = sentIn(await post({ to: ["silent@x.example"] }));
    expect(sent).toMatchObject({ delivered: false, connectionFailure: "Read timed out" });
    expect(verdicts(sent)).toEqual([["not-tried", undefined]]);
  });

  it("200 with an API key that has MANAGE_QUEUE, 403 with one that has not", async () => {
    const keyFor = async (scope: string) => {
      const body = { name: scope, scopes: [scope] };
      return ((await gateway.request("/api/v1/api-keys", { token: operator.token, body })).body as { key: string }).key;
    };
    const sendWith = async (key: string) =>
      gateway.request("/api/v1/mail/send", { body: mail, headers: { "x-api-key": key } });
    sentIn(await sendWith(await keyFor("MANAGE_QUEUE")));
    expectError(await sendWith(await keyFor("VIEW_QUEUE")), 403, "forbidden");
  });

  it("403 without MANAGE_QUEUE and 401 without a token by either road, and nothing sent", async () => {
    const reader = await gateway.signIn("ROLE_READONLY");
    const before = sends().length;
    expectError(await post({}, { token: reader.token }), 403, "forbidden");
    expectError(await post({}, { token: undefined }), 401, "unauthenticated");
    const typed = failureOf(trpcClient(gateway, reader.token).mail.send.mutate(mail));
    expect(await typed).toMatchObject({ appCode: "forbidden" });
    expect(await failureOf(trpcClient(gateway).mail.send.mutate(mail))).toMatchObject({ appCode: "unauthenticated" });
    expect(sends().length).toBe(before);
  });

  it("leaves its recipients in the audit row, and nothing of the message there or in the log", async () => {
    const attachments = [{ fileName: "dossier.txt", content: Buffer.from("classified").toString("base64") }];
    sentIn(await post({ to: ["a@x.example"], bcc: ["nouser@x.example"], attachments }));
    expect(await auditRows()).toMatchObject([
      { action: "mail.send", targets: ["a@x.example", "nouser@x.example"], outcome: "SUCCEEDED" },
    ]);
    const kept = JSON.stringify([await auditRows(), gateway.logs]);
    const base64 = Buffer.from("classified").toString("base64");
    for (const word of ["Secret lunch", "At noon", "dossier", "classified", base64]) expect(kept).not.toContain(word);
  });

  it("is seen through and audited when the caller goes away in the middle", async () => {
    const controller = new AbortController();
    const before = sends().length;
    const gone = fetch(`${gateway.url}/api/v1/mail/send`, {
      method: "POST",
      headers: { authorization: `Bearer ${operator.token}`, "content-type": "application/json" },
      body: JSON.stringify({ ...mail, to: ["silent@x.example"] }),
      signal: controller.signal,
    });
    await expect.poll(() => sends().length).toBe(before + 1);
    controller.abort();
    await expect(gone).rejects.toThrow();
    await expect
      .poll(auditRows, { timeout: 5000 })
      .toMatchObject([{ targets: ["silent@x.example"], outcome: "SUCCEEDED" }]);
  });
});

describe("POST /api/v1/mail/send when many send", () => {
  it("sends one at a time, and 503 with Retry-After for those who find too many waiting", async () => {
    const before = sends().length;
    const silent = () => post({ to: ["silent@x.example"] });
    const first = silent();
    await expect.poll(() => sends().length).toBe(before + 1);
    const others = await Promise.all([silent(), silent(), silent(), silent()]);
    const refused = others.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(2);
    for (const answer of refused) {
      expectError(answer, 503, "upstream_unavailable");
      expect((answer.body as { message: string }).message).toContain("was not sent");
      expect(answer.headers.get("retry-after")).toBe("30");
    }
    for (const answer of [await first, ...others.filter(({ status }) => status !== 503)]) sentIn(answer);
    expect(sends().length - before).toBe(3);
    const outcomes = (await auditRows()).map(({ outcome }) => outcome);
    expect(outcomes.toSorted()).toEqual(["FAILED", "FAILED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
  });
});

describe("POST /api/v1/mail/send while Robin fails", () => {
  const maybe = "may have been sent all the same";
  const surely = "was not sent";
  it.each([
    ["a connection that breaks", { kind: "reset" }, 503, "upstream_unavailable", maybe],
    ["an answer that never comes", { kind: "blackHole" }, 504, "upstream_timeout", maybe],
    ["an answer that is none", { kind: "html" }, 502, "upstream_invalid", maybe],
    ["a 500", { kind: "status", status: 500 }, 502, "upstream_rejected", maybe],
    ["refused credentials", { kind: "status", status: 401 }, 502, "upstream_rejected", surely],
  ] as const)(
    "an error after %s says what may have become of the message",
    async (_name, fault, status, code, fate) => {
      gateway.simulator.faults.set({ port: "client", route: "/client/send", fault });
      const before = sends().length;
      const answer = await post();
      expectError(answer, status, code);
      expect((answer.body as { message: string }).message).toContain(fate);
      expect(sends().length - before).toBe(1);
      expect(await auditRows()).toMatchObject([{ outcome: "FAILED", errorCode: code, targets: mail.to }]);
    },
  );

  it("503 that says it was not sent when nobody listens at Robin's port, and when its breaker is open", async () => {
    const gone = await createRobinSimulator({ items: 0 });
    await gone.close();
    const other = await startTestGateway({
      simulator: { items: 0 },
      robin: { clientApi: { url: gone.clientUrl }, breaker: { failureThreshold: 1 } },
    });
    try {
      const { token } = await other.signIn("ROLE_OPERATOR");
      for (let call = 0; call < 2; call += 1) {
        const answer = await other.request("/api/v1/mail/send", { token, body: mail });
        expectError(answer, 503, "upstream_unavailable");
        expect((answer.body as { message: string }).message).toContain(surely);
      }
    } finally {
      await other.close();
    }
  });
});
