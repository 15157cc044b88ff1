import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError, type ErrorAnswer } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, streamingClient, trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0, mails: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

/** A mailbox of its own for each test. */
let user: string;
const domain = "example.com";
beforeEach(() => {
  user = randomUUID();
  gateway.simulator.faults.clear();
});

const deliver = (content: string | Uint8Array, delivery: { folder?: string; read?: boolean; receivedAt?: Date } = {}) =>
  gateway.simulator.mailboxes.deliver(`${user}@${domain}`, content, delivery);
const call = (path: string, body?: Record<string, unknown>): Promise<Answer> =>
  gateway.request(`/api/v1/mailboxes/${domain}/${user}${path}`, {
    token: operator.token,
    ...(body && { body }),
  });
const client = () => trpcClient(gateway, operator.token);
const sentenceOf = ({ body }: Answer) => (body as ErrorAnswer).message;
const idsIn = ({ body }: Answer) => (body as { items: { id: string }[] }).items.map(({ id }) => id);
const at = (day: number) => new Date(Date.UTC(2026, 7, day));

describe("GET /api/v1/mailboxes/{domain}/{user}", () => {
  it("200 with the two system folders of a mailbox that was never used", async () => {
    const answer = await call("");
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        domain,
        user,
        folders: [
          { path: "Inbox", system: true, total: 0, unread: 0 },
          { path: "Sent", system: true, total: 0, unread: 0 },
        ],
        items: [],
        total: 0,
        page: 1,
        limit: 50,
        pages: 0,
      },
    ]);
  });

  it("200 with mails newest first and instants by both roads, without the path on Robin's host", async () => {
    const old = deliver("old", { receivedAt: at(1) });
    const young = deliver("younger", { receivedAt: at(2), folder: "Projects/2026", read: true });
    const answer = await call("");
    expect(answer.body).toMatchObject({
      items: [
        { id: young, folder: "Projects/2026", read: true, receivedAt: at(2).toISOString(), size: 7 },
        { id: old, folder: "Inbox", read: false, receivedAt: at(1).toISOString(), size: 3 },
      ],
    });
    expect(answer.text).not.toContain("/usr/local");
    const typed = await client().mailboxes.view.query({ domain, user });
    expect(typed.items[0]?.receivedAt).toEqual(at(2));
  });

  it("200 by state and folder and in pages, while the counts of the folders stay those of all", async () => {
    const ids = [1, 2, 3, 4].map((day) => deliver("x", { receivedAt: at(day), read: day % 2 === 0 }));
    const other = deliver("x", { folder: "Other" });
    const all = { path: "Inbox", system: true, total: 4, unread: 2 };
    const read = await call("?state=read");
    expect(idsIn(read)).toEqual([ids[3], ids[1]]);
    expect(read.body).toMatchObject({ total: 2, folders: [all, { path: "Other" }, { path: "Sent" }] });
    expect(idsIn(await call("?folder=inbox&state=unread"))).toEqual([ids[2], ids[0]]);
    expect(idsIn(await call("?folder=Other"))).toEqual([other]);
    const second = await call("?folder=INBOX&limit=3&page=2");
    expect(idsIn(second)).toEqual([ids[0]]);
    expect(second.body).toMatchObject({ total: 4, page: 2, limit: 3, pages: 2 });
  });

  it("404 for a folder that is not there, and it is not made", async () => {
    for (const path of ["?folder=Nope", "/folder?folder=Nope", "/folders/properties?folder=Nope"]) {
      expectError(await call(path), 404, "not_found");
    }
    expect((await client().mailboxes.view.query({ domain, user })).folders.map(({ path }) => path)).toEqual([
      "Inbox",
      "Sent",
    ]);
  });

  it.each(["?state=seen", "?limit=201", "?page=0", "?folder=..", "?folder=", "?folder=a%00b", "?unknown=1"])(
    "400 for %s",
    async (query) => {
      expectError(await call(query), 400, "invalid_input");
    },
  );
});

describe("GET /api/v1/mailboxes/{domain}/{user}/folder", () => {
  it("200 with the properties of all mails, and those that were asked for", async () => {
    const read = deliver("four", { folder: "A", read: true });
    deliver("four", { folder: "A" });
    deliver("four", { folder: "A/B" });
    const answer = await call("/folder?folder=A&state=read");
    expect(answer.body).toMatchObject({
      properties: { folder: "A", total: 2, unread: 1, read: 1, size: 8 },
      items: [{ id: read }],
      total: 1,
    });
    expect((await call("/folder?folder=inbox")).body).toMatchObject({ properties: { folder: "Inbox", total: 0 } });
  });
});

describe("GET /api/v1/mailboxes/{domain}/{user}/messages/{messageId}", () => {
  it.each([
    ["UTF-8", Buffer.from("Subject: Grüße"), "Subject: Grüße", "utf-8"],
    ["not UTF-8", Buffer.from("Subject: Gr\xfc\xdfe", "latin1"), "Subject: Grüße", "windows-1252"],
    ["empty", Buffer.alloc(0), "", "utf-8"],
  ])("200 for a mail that is %s, as text and byte for byte", async (_name, bytes, content, charset) => {
    const id = deliver(bytes);
    const answer = await call(`/messages/${id}`);
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { message: { id, size: bytes.length }, content, charset, mimeType: "message/rfc822" },
    ]);
    const raw = await fetch(`${gateway.url}/api/v1/mailboxes/${domain}/${user}/messages/${id}/raw`, {
      headers: { authorization: `Bearer ${operator.token}` },
    });
    expect(raw.headers.get("content-type")).toBe("message/rfc822");
    expect(raw.headers.get("content-disposition")).toBe(`attachment; filename=${id}`);
    expect(Buffer.from(await raw.arrayBuffer())).toEqual(bytes);
    const parts: Uint8Array[] = [];
    const input = { domain, user, messageId: id };
    for await (const part of await streamingClient(gateway, operator.token).mailboxes.raw.query(input))
      parts.push(part);
    expect(Buffer.concat(parts)).toEqual(bytes);
  });

  it("409 that names the other road for a mail of more than 4 MB, which that road gives", async () => {
    const id = deliver(Buffer.alloc(4 * 1024 ** 2 + 1, "x"));
    const answer = await call(`/messages/${id}`);
    expectError(answer, 409, "conflict");
    expect(sentenceOf(answer)).toContain("/raw");
    expect((await call(`/messages/${id}/raw`)).text).toHaveLength(4 * 1024 ** 2 + 1);
  });

  it("404 for a mail that is not there or in another mailbox, 400 for what is no id", async () => {
    const id = deliver("x");
    user = randomUUID();
    for (const path of [`/messages/${id}`, `/messages/${id}/raw`, "/messages/msg-1.eml"]) {
      expectError(await call(path), 404, "not_found");
    }
    for (const messageId of ["x", "a%2Fb.eml", "%00.eml", "..%2Fx.eml", "%zz"]) {
      expectError(await call(`/messages/${messageId}`), 400, "invalid_input");
      expectError(await call(`/messages/${messageId}/raw`), 400, "invalid_input");
    }
    const typed = client().mailboxes.message.query({ domain, user, messageId: id });
    expect((await failureOf(typed)).message).toBe("There is no such mail in this mailbox.");
  });

  it("503 when Robin closes the connection without an answer", async () => {
    const id = deliver("x");
    gateway.simulator.faults.set({ port: "client", route: "/store-rocksdb", fault: { kind: "reset" } });
    for (const path of ["", `/messages/${id}`, `/messages/${id}/raw`]) {
      expectError(await call(path), 503, "upstream_unavailable");
    }
  });
});

describe("POST /api/v1/mailboxes/{domain}/{user}/messages/...", () => {
  it("200 moves, marks, deletes and cleans up mails, which keep what was read", async () => {
    const [read, unread] = [deliver("x", { read: true }), deliver("x")];
    await client().mailboxes.createFolder.mutate({ domain, user, name: "To" });
    const messageIds = [read, unread, "nope.eml"];
    const moved = await call("/messages/move", { fromFolder: "inbox", toFolder: "To", messageIds });
    expect(moved.body).toEqual({ requested: 3, done: 2 });
    expect((await call("/folder?folder=To")).body).toMatchObject({ properties: { read: 1, unread: 1 } });
    const marked = await call("/messages/read-status", { folder: "To", messageIds: [read], read: false });
    expect(marked.body).toEqual({ requested: 1, done: 1 });
    expect((await call("/messages/mark-all-read", { folder: "To" })).body).toEqual({ done: 2 });
    expect((await call("/messages/delete", { folder: "To", messageIds: [read] })).body).toEqual({
      requested: 1,
      done: 1,
    });
    expect((await call("/messages/delete-all", { folder: "To" })).body).toEqual({ done: 1 });
    deliver("x", { receivedAt: new Date(gateway.clock.now().getTime() - 200 * 86_400_000) });
    expect((await call("/messages/cleanup", { folder: "inbox", months: 3 })).body).toEqual({ done: 1 });
    const { folders, total } = await client().mailboxes.view.query({ domain, user });
    expect([folders.map(({ path }) => path), total]).toEqual([["Inbox", "Sent", "To"], 0]);
  });

  it("404 for a folder that is not there, where Robin would make it", async () => {
    const messageIds = ["1.eml"];
    for (const answer of [
      await call("/messages/move", { fromFolder: "inbox", toFolder: "Nope", messageIds }),
      await call("/messages/read-status", { folder: "Nope", messageIds, read: true }),
      await call("/messages/mark-all-read", { folder: "Nope" }),
      await call("/messages/delete", { folder: "Nope", messageIds }),
      await call("/messages/delete-all", { folder: "Nope" }),
      await call("/messages/cleanup", { folder: "Nope", months: 1 }),
    ])
      expectError(answer, 404, "not_found");
  });
});

describe("while Robin has this store off", () => {
  it("409 with a sentence, however often and for every road, and the rest of Robin is still asked", async () => {
    const off = await startTestGateway({ simulator: { items: 0, mails: 0, mailboxes: false } });
    try {
      const { token } = await off.signIn("ROLE_OPERATOR");
      const base = "/api/v1/mailboxes/example.com/tony";
      for (let round = 0; round < 3; round += 1) {
        for (const answer of [
          await off.request(base, { token }),
          await off.request(`${base}/messages/1.eml/raw`, { token }),
          await off.request(`${base}/folders`, { token, body: { name: "A" } }),
          await off.request(`${base}/messages/delete-all`, { token, body: { folder: "inbox" } }),
        ]) {
          expectError(answer, 409, "conflict");
          expect(sentenceOf(answer)).toContain("switched off");
        }
      }
      expect(off.deps.robin.breakers().client).toBe("closed");
      expect((await off.request("/api/v1/storage", { token })).status).toBe(200);
      const failed = off.logs.filter(({ level }) => Number(level) >= 40);
      expect(failed).toEqual([]);
    } finally {
      await off.close();
    }
  });

  it("502 for another 503, which is not Robin's", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/store-rocksdb", fault: { kind: "status", status: 503 } });
    expectError(await call(""), 502, "upstream_rejected");
  });
});
