import { createManualClock, createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError, isRobinInputError, type QueueEntry, type RobinCase } from "../index.ts";
import { createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";

describe("queue", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({ items: 60, clock: createManualClock(new Date("2026-11-23T12:00:00Z")) });
    client = createTestClient(simulator.clientUrl);
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  const lastRequest = () => simulator.requests.at(-1);
  const uidsOf = (items: readonly { uid: string }[]): string[] => items.map(({ uid }) => uid);
  const live = () => simulator.queue.items().filter(({ state }) => state !== "DEAD");

  describe("list", () => {
    it("shows what Robin shows when it is asked for nothing", async () => {
      const page = await client.queue.list();
      expect(lastRequest()?.target).toBe("/client/queue/list");
      expect(page.total).toBe(live().length);
      expect(uidsOf(page.items)).toEqual(uidsOf(live().slice(0, 50)));
    });

    it("sends every filter, encoded once", async () => {
      await client.queue.list({
        page: 2,
        limit: 5,
        states: ["READY", "DEAD"],
        protocol: "a+b c&d",
        retryMin: 0,
        retryMax: 9,
      });
      expect(lastRequest()?.target).toBe(
        "/client/queue/list?page=2&limit=5&state=READY%2CDEAD&protocol=a%2Bb+c%26d&retryMin=0&retryMax=9",
      );
    });

    it("shows each item as the queue holds it, in every state", async () => {
      const { items, total } = await client.queue.list({ states: ["READY", "CLAIMED", "DEAD"], limit: 1000 });
      const held = simulator.queue.items();
      expect(total).toBe(held.length);
      expect(uidsOf(items)).toEqual(uidsOf(held));
      for (const [index, item] of items.entries()) {
        const original = held[index];
        expect(item).toMatchObject({
          position: index + 1,
          sessionUid: original?.sessionUid,
          protocol: original?.protocol,
          retryCount: original?.retryCount,
          envelopeCount: original?.envelopes.length,
        });
        expect(item.lastRetryAt?.getTime() ?? 0).toBe((original?.lastRetryAtSeconds ?? 0) * 1000);
        expect(item.recipients.length + item.recipientsHidden).toBe(
          original?.envelopes.flatMap(({ rcpts }) => rcpts).length,
        );
      }
    });

    it("pages through the queue, and past its end", async () => {
      const seen: QueueEntry[] = [];
      const { pages } = await client.queue.list({ limit: 7 });
      for (let page = 1; page <= pages; page += 1) seen.push(...(await client.queue.list({ page, limit: 7 })).items);
      expect(uidsOf(seen)).toEqual(uidsOf(live()));
      expect(await client.queue.list({ page: pages + 1, limit: 7 })).toMatchObject({
        items: [],
        page: pages + 1,
        pages,
      });
    });

    it("takes an empty list of states as no filter", async () => {
      await client.queue.list({ states: [] });
      expect(lastRequest()?.target).toBe("/client/queue/list");
    });

    it.each([{ page: 0 }, { page: 1.5 }, { limit: 1001 }, { limit: 0 }, { retryMin: -1 }, { retryMax: 2 ** 31 }])(
      "refuses %j, which Robin would bend or answer with a 500",
      async (query) => {
        await rejection(client.queue.list(query), isRobinInputError);
        expect(simulator.requests).toEqual([]);
      },
    );
  });

  describe.each(["delete", "retry", "bounce"] as const)("%s", (operation) => {
    it("acts on each UID once and counts the known ones", async () => {
      const [first, second] = uidsOf(live()) as [string, string];
      const result = await client.queue[operation]({ uids: [first, first, "unknown", second] });
      expect(result).toEqual({ count: 2, queueSize: simulator.queue.size });
      expect(lastRequest()).toMatchObject({ method: "POST", target: `/client/queue/${operation}` });
      expect(JSON.parse(lastRequest()?.body.toString() ?? "")).toEqual({ uids: [first, "unknown", second] });
      expect(lastRequest()?.headers).toMatchObject({ "content-type": "application/json", connection: "keep-alive" });
    });

    it("answers an empty list without a call", async () => {
      expect(await client.queue[operation]({ uids: [] })).toEqual({ count: 0, queueSize: 0 });
      expect(simulator.requests).toEqual([]);
    });

    it.each([[[""]], [["x".repeat(201)]], [Array.from({ length: 10_001 }, (_, index) => String(index))]])(
      "refuses UIDs that are none, and too many",
      async (uids) => {
        expect((await rejection(client.queue[operation]({ uids }), isRobinInputError)).field).toMatch(/^uids/);
      },
    );
  });

  it("has the effects it says: retried, parked, gone", async () => {
    const [retried, bounced, deleted] = uidsOf(live().filter(({ state }) => state === "READY")) as [
      string,
      string,
      string,
    ];
    const before = simulator.queue.items().find(({ uid }) => uid === retried)?.retryCount ?? 0;
    await client.queue.retry({ uids: [retried] });
    await client.queue.bounce({ uids: [bounced] });
    await client.queue.delete({ uids: [deleted] });
    const after = new Map(simulator.queue.items().map((item) => [item.uid, item]));
    expect(after.get(retried)?.retryCount).toBe(before + 1);
    expect(after.get(bounced)?.state).toBe("DEAD");
    expect(after.has(deleted)).toBe(false);
  });

  describe("enqueue", () => {
    const robinCase: RobinCase = {
      mx: ["127.0.0.1"],
      port: 2525,
      envelopes: [{ mail: "a@example.com", rcpt: ["b@example.com"], subject: "Grüße", message: "Body" }],
    };

    it("queues a case as ESMTP, and the list finds it by its session", async () => {
      const { sessionUid, ...rest } = await client.queue.enqueue({ case: robinCase });
      expect(rest).toEqual({ queueSize: simulator.queue.size, envelopes: 1 });
      expect(lastRequest()).toMatchObject({ method: "POST", target: "/client/queue?protocol=ESMTP" });
      expect(JSON.parse(lastRequest()?.body.toString() ?? "")).toEqual(robinCase);
      const { items } = await client.queue.list({ limit: 1000 });
      expect(items.find((item) => item.sessionUid === sessionUid)).toMatchObject({
        protocol: "ESMTP",
        recipients: ["b@example.com"],
      });
    });

    it("passes protocol, mailbox and keys it does not know", async () => {
      await client.queue.enqueue({
        case: { ...robinCase, xclient: { name: "x" } },
        protocol: "dovecot-lda",
        mailbox: "Junk",
      });
      expect(lastRequest()?.target).toBe("/client/queue?protocol=dovecot-lda&mailbox=Junk");
      expect(lastRequest()?.body.toString()).toContain('"xclient"');
    });

    const envelope = { mail: "a@x", rcpt: ["b@x"], subject: "s", message: "m" };
    it.each<[string, object]>([
      ["no envelopes", { envelopes: [] }],
      ["an envelope without content", { envelopes: [{ mail: "a@x", rcpt: ["b@x"], message: "m" }] }],
      ["a blank subject", { envelopes: [{ ...envelope, subject: " " }] }],
      ["a mime envelope", { envelopes: [{ ...envelope, mime: { headers: [], parts: [] } }] }],
      ["no sender", { envelopes: [{ rcpt: ["b@x"], subject: "s", message: "m" }] }],
      ["no recipient", { envelopes: [{ ...envelope, rcpt: [] }] }],
      ["a line break in an address", { envelopes: [{ ...envelope, rcpt: ["b@x\r\nDATA"] }] }],
      ["a line break in a header", { envelopes: [{ ...envelope, headers: { a: ["b\r\nc: d"] } }] }],
      ["a magic tag", { envelopes: [{ ...envelope, subject: "{$year} news" }] }],
    ])("refuses %s", async (_name, refused) => {
      const error = await rejection(client.queue.enqueue({ case: refused as RobinCase }), isRobinInputError);
      expect(error.field).toMatch(/^case/);
      expect(simulator.requests).toEqual([]);
    });

    it("takes sender and recipients of the case for envelopes without", async () => {
      await client.queue.enqueue({ case: { mail: "a@x", rcpt: ["b@x"], envelopes: [{ subject: "s", message: "m" }] } });
      expect(simulator.requests).toHaveLength(1);
    });
  });

  describe.each(["enqueueRaw", "enqueueMultipart"] as const)("%s", (operation) => {
    const message = Buffer.from("Subject: Hi\r\n\r\nGrüße \xff\r\n", "latin1");
    const upload = { mail: "a+b@example.com", rcpt: ["b@example.com", "c@example.com"], message };

    it("queues the message and tells where Robin keeps the upload", async () => {
      const result = await client.queue[operation]({
        ...upload,
        route: "self",
        filename: "hello.eml",
        protocol: "esmtp",
        mailbox: "Junk",
      });
      expect(result).toMatchObject({ queueSize: simulator.queue.size, envelopes: 1 });
      expect(result.uploadedFile).toMatch(/hello\.eml$/);
      expect(lastRequest()?.target).toBe(
        "/client/queue?mail=a%2Bb%40example.com&rcpt=b%40example.com%2Cc%40example.com&route=self&filename=hello.eml&protocol=esmtp&mailbox=Junk",
      );
      const { items } = await client.queue.list({ limit: 1000 });
      expect(items.find((item) => item.sessionUid === result.sessionUid)?.recipients).toEqual(upload.rcpt);
    });

    it("sends the bytes as they are, on a connection of their own when there are many", async () => {
      await client.queue[operation](upload);
      expect(lastRequest()?.body.includes(message)).toBe(true);
      expect(lastRequest()?.headers).toMatchObject({ connection: "keep-alive" });
      const large = Buffer.alloc(300_000, "0123456789abcde\n");
      await client.queue[operation]({ ...upload, message: large });
      expect(lastRequest()?.body.includes(large)).toBe(true);
      expect(lastRequest()?.headers).toMatchObject({
        connection: "close",
        "content-length": String(lastRequest()?.body.length),
      });
    });

    it.each<[string, object]>([
      ["an empty message", { message: new Uint8Array() }],
      ["a blank sender", { mail: " " }],
      ["no recipients", { rcpt: [] }],
      ["a comma in a recipient, which would make two", { rcpt: ["a@x,b@x"] }],
      ["a line break in the sender", { mail: "a@x\nRCPT TO:<c@x>" }],
      ["a path as file name", { filename: "../../etc/passwd" }],
      ["a blank route", { route: " " }],
      ["a line break in the protocol", { protocol: "ESMTP\r\n" }],
    ])("refuses %s", async (_name, change) => {
      await rejection(client.queue[operation]({ ...upload, ...change }), isRobinInputError);
      expect(simulator.requests).toEqual([]);
    });
  });

  it("passes on Robin's refusal of an upload", async () => {
    const strict = await createRobinSimulator({ items: 0, clientAuth: { type: "bearer", value: "right" } });
    await using stranger = createTestClient(strict.clientUrl);
    const upload = { mail: "a@x", rcpt: ["b@x"], message: Buffer.from("Subject: x\r\n\r\n") };
    const error = await rejection(stranger.queue.enqueueRaw(upload), isRobinError);
    expect(error).toMatchObject({ kind: "http", status: 401, endpoint: "/client/queue" });
    await strict.close();
  });
});
