import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError, isRobinInputError, type SendResult } from "../index.ts";
import { createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";

describe("send", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({ items: 0, smtp: { silentPeerMs: 30, offersAuth: true } });
    client = createTestClient(simulator.clientUrl);
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  const envelope = { mail: "a@example.com", rcpt: ["b@example.com"], subject: "Hi", message: "Body" };
  const deliver = (...rcpt: string[]) => client.send.deliver({ case: { envelopes: [{ ...envelope, rcpt }] } });
  const verdicts = ({ envelopes }: SendResult) =>
    envelopes.flatMap(({ recipients }) => recipients.map(({ verdict, reply }) => [verdict, reply?.code]));

  it("tells what became of each recipient", async () => {
    const result = await deliver("b@example.com");
    expect(result).toMatchObject({ delivered: true, wasTried: true, droppedEnvelopes: 0 });
    expect(result.startedAt).toBeInstanceOf(Date);
    expect(result).not.toHaveProperty("connectionFailure");
    expect(result.envelopes[0]).toMatchObject({
      mail: "a@example.com",
      recipients: [{ address: "b@example.com", verdict: "delivered", reply: { code: 250 } }],
    });
    expect(result.envelopes[0]?.transactions.map(({ command }) => command)).toEqual(["MAIL", "RCPT", "DATA"]);
    expect(result.transactions.map(({ command }) => command)).toEqual(["SMTP", "EHLO", "QUIT"]);
    expect(simulator.requests.at(-1)?.headers).toMatchObject({ connection: "close" });
  });

  it("trap 13: a 200 is no delivery", async () => {
    const refused = await deliver("refused@x");
    expect(refused).toMatchObject({ delivered: false, wasTried: true, connectionFailure: "Connection refused" });
    expect(verdicts(refused)).toEqual([["not-tried", undefined]]);
    expect(verdicts(await deliver("spam@x", "ok@x"))).toEqual([
      ["refused", 554],
      ["refused", 554],
    ]);
  });

  it("trap 13: the failure of the connection may be the second record, and then nothing is known", async () => {
    const result = await deliver("dropped@x", "nouser@x");
    expect(result).toMatchObject({ delivered: false, connectionFailure: "Connection reset" });
    expect(verdicts(result)).toEqual([
      ["unknown", undefined],
      ["refused", 550],
    ]);
  });

  it("trap 13: empty lists mean that nothing was tried", async () => {
    const result = await client.send.deliver({ case: { mx: [], envelopes: [envelope] } });
    expect(result).toMatchObject({ delivered: false, wasTried: false, transactions: [] });
    expect(verdicts(result)).toEqual([["not-tried", undefined]]);
  });

  it("trap 13: a list may end after EHLO without any error", async () => {
    const other = await createRobinSimulator({ items: 0 });
    await using stranger = createTestClient(other.clientUrl);
    const result = await stranger.send.deliver({ case: { auth: true, user: "u", pass: "p", envelopes: [envelope] } });
    expect(result.transactions.some(({ error }) => error)).toBe(false);
    expect([result.delivered, result.wasTried, verdicts(result)]).toEqual([false, true, [["not-tried", undefined]]]);
    await other.close();
  });

  it("trap 14: a recipient refused after an accepted one is refused, whatever Robin's mark says", async () => {
    const result = await deliver("ok@x", "nouser@x", "later@x");
    expect(verdicts(result)).toEqual([
      ["delivered", 250],
      ["refused", 550],
      ["deferred", 451],
    ]);
    expect(result.delivered).toBe(false);
    expect(result.envelopes[0]?.transactions.some(({ error }) => error)).toBe(false);
  });

  it.each([
    ["550 5.1.8 bad sender", "refused"],
    ["452 4.3.1 full", "deferred"],
    ["354 odd", "not-tried"],
  ] as const)("a MAIL answered %s makes every recipient %s", async (reply, verdict) => {
    simulator.smtp.setOutcome("x@x", { kind: "reply", at: "mail", reply });
    const seen = verdicts(await deliver("x@x", "y@x")).map(([name]) => name);
    expect(seen).toEqual([verdict, verdict]);
  });

  it("only a 250 to the message is proof", async () => {
    simulator.smtp.setOutcome("x@x", { kind: "reply", at: "data", reply: "251 maybe" });
    expect(verdicts(await deliver("x@x"))).toEqual([["unknown", 251]]);
  });

  it("trap 15: refuses envelopes that Robin would drop, and expects one answer for each repeat", async () => {
    for (const change of [{ subject: " " }, { message: "" }]) {
      const promise = client.send.deliver({ case: { envelopes: [{ ...envelope, ...change }] } });
      await rejection(promise, isRobinInputError);
    }
    expect(simulator.requests).toEqual([]);
    const repeated = { ...envelope, repeat: 2 };
    const result = await client.send.deliver({ case: { envelopes: [repeated] } });
    expect([result.envelopes.length, result.droppedEnvelopes, result.delivered]).toEqual([3, 0, true]);
  });

  it.each<[string, object]>([
    ["no sender", { mail: undefined }],
    ["no recipient", { rcpt: [] }],
  ])("trap 16: refuses %s, for which Robin has defaults", async (_name, change) => {
    const promise = client.send.deliver({ case: { envelopes: [{ ...envelope, ...change }] } });
    expect((await rejection(promise, isRobinInputError)).field).toBe("case");
  });

  it("trap 17: refuses mime, which Robin sends and then answers with 500", async () => {
    const odd = { ...envelope, mime: {} } as unknown as typeof envelope;
    const error = await rejection(client.send.deliver({ case: { envelopes: [odd] } }), isRobinInputError);
    expect(error.message).toContain("deliverRaw");
  });

  it("trap 17: a 500 is about the case: one call, and the port stays in use", async () => {
    for (let count = 0; count < 6; count += 1) {
      const promise = client.send.deliver({ case: { envelopes: [envelope], tls: true, delay: 2 ** 40 } });
      expect(await rejection(promise, isRobinError)).toMatchObject({ kind: "http", status: 500 });
    }
    expect(simulator.requests).toHaveLength(6);
    expect(client.breakers().client).toBe("closed");
  });

  it("trap 18: keeps the credentials of AUTH out of the result", async () => {
    for (const pass of ["s3cret", "wrong"]) {
      const result = await client.send.deliver({ case: { auth: true, user: "tony", pass, envelopes: [envelope] } });
      const auth = result.transactions.find(({ command }) => command === "AUTH");
      expect(auth?.payload).toBe("AUTH PLAIN [redacted]");
      expect(result.delivered).toBe(pass !== "wrong");
      const text = JSON.stringify(result);
      expect(text).not.toContain(pass === "wrong" ? "d3Jvbmc" : "czNjcmV0");
      expect(text).not.toContain(Buffer.from(`\0tony\0${pass}`).toString("base64"));
    }
  });

  it("trap 22: refuses values that Robin would blank", async () => {
    const promise = client.send.deliver({ case: { envelopes: [{ ...envelope, subject: "{$date} news" }] } });
    await rejection(promise, isRobinInputError);
  });

  it("trap 5: waits longer than other calls do, and as long as it is told", async () => {
    await using hasty = createTestClient(simulator.clientUrl, { timeoutMs: 10 });
    const result = await hasty.send.deliver({ case: { envelopes: [{ ...envelope, rcpt: ["silent@x"] }] } });
    expect(result.connectionFailure).toBe("Read timed out");
    const promise = client.send.deliver(
      { case: { envelopes: [{ ...envelope, rcpt: ["silent@x"] }] } },
      { timeoutMs: 5 },
    );
    expect(await rejection(promise, isRobinError)).toMatchObject({ kind: "timeout", endpoint: "/client/send" });
  });

  it("a broken connection is not tried again: the mail may have been sent", async () => {
    simulator.faults.set({ port: "client", route: "/client/send", fault: { kind: "reset" }, times: 1 });
    expect(await rejection(deliver("b@x"), isRobinError)).toMatchObject({ kind: "network" });
    expect(simulator.requests).toHaveLength(1);
  });

  describe("the line of those who send", () => {
    const toSilent = () => ({ case: { envelopes: [{ ...envelope, rcpt: ["silent@x"] }] } });
    const isOverloaded = { kind: "overloaded", endpoint: "/client/send" };

    it("goes one at a time, and is full when as many wait as may", async () => {
      await using sender = createTestClient(simulator.clientUrl, { sends: { maxWaiting: 1 } });
      const [first, second] = [sender.send.deliver(toSilent()), sender.send.deliver(toSilent())];
      expect(await rejection(sender.send.deliver(toSilent()), isRobinError)).toMatchObject(isOverloaded);
      expect((await first).connectionFailure).toBe("Read timed out");
      expect(simulator.requests).toHaveLength(1);
      await second;
      expect(simulator.requests).toHaveLength(2);
    });

    it("lets nobody wait longer than they may, and counts only from their turn on for the deadline", async () => {
      await using sender = createTestClient(simulator.clientUrl, { sends: { waitMs: 5 } });
      const first = sender.send.deliver(toSilent());
      expect(await rejection(sender.send.deliver(toSilent()), isRobinError)).toMatchObject(isOverloaded);
      await first;
      expect(simulator.requests).toHaveLength(1);
    });

    it("can be left, and does not stop at a send that failed", async () => {
      const controller = new AbortController();
      simulator.faults.set({ port: "client", route: "/client/send", fault: { kind: "reset" }, times: 1 });
      const first = rejection(deliver("b@x"), isRobinError);
      const left = client.send.deliver(toSilent(), { signal: controller.signal });
      const third = deliver("c@x");
      controller.abort();
      expect(await rejection(left, isRobinError)).toMatchObject({ kind: "aborted" });
      expect((await first).kind).toBe("network");
      expect((await third).delivered).toBe(true);
      expect(simulator.requests).toHaveLength(2);
    });

    it.each([{ timeoutMs: 0 }, { maxWaiting: -1 }, { waitMs: 0 }])("cannot be made with %j", (sends) => {
      expect(() => createTestClient(simulator.clientUrl, { sends })).toThrow(RangeError);
    });
  });

  describe.each(["deliverRaw", "deliverMultipart"] as const)("%s", (operation) => {
    const message = Buffer.from("Subject: Hi\r\n\r\nGr\xfc\xdfe\r\n--x--", "latin1");
    const upload = { mail: "a+b@example.com", rcpt: ["b@example.com", "nouser@example.com"], message };

    it("sends the bytes as they are and judges each recipient", async () => {
      const result = await client.send[operation]({ ...upload, route: "self", filename: "r.eml" });
      expect(verdicts(result)).toEqual([
        ["delivered", 250],
        ["refused", 550],
      ]);
      const { target, body } = simulator.requests.at(-1) ?? {};
      expect(target).toBe(
        "/client/send?mail=a%2Bb%40example.com&rcpt=b%40example.com%2Cnouser%40example.com&route=self&filename=r.eml",
      );
      expect(body?.includes(message)).toBe(true);
    });

    it("trap 21: the two dashes at the end arrive", async () => {
      const result = await client.send[operation](upload);
      const size = Number(/SIZE=(\d+)/.exec(result.envelopes[0]?.transactions[0]?.payload ?? "")?.[1]);
      expect(size).toBe(message.byteLength + 5 + (operation === "deliverMultipart" ? 2 : 0));
    });

    it.each<[string, object]>([
      ["an empty message", { message: new Uint8Array() }],
      ["no recipients", { rcpt: [] }],
      ["a comma in a recipient", { rcpt: ["a@x,b@x"] }],
      ["a path as file name", { filename: "../x" }],
    ])("refuses %s", async (_name, change) => {
      await rejection(client.send[operation]({ ...upload, ...change }), isRobinInputError);
      expect(simulator.requests).toEqual([]);
    });
  });
});
