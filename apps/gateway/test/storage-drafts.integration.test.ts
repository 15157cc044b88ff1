import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError, type ErrorAnswer } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { fileNameIn } from "./storage-support.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0, mails: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

/** An account of its own for each test. */
let user: string;
const domain = "example.com";
beforeEach(() => {
  user = randomUUID();
  gateway.simulator.faults.clear();
});

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  gateway.request(`/api/v1/storage/${domain}/${user}/drafts${path}`, {
    method,
    token: operator.token,
    ...(body !== undefined && { body }),
  });
const client = () => trpcClient(gateway, operator.token);
const create = async (body: unknown = {}): Promise<string> =>
  ((await call("POST", "", body)).body as { draftId: string }).draftId;
const read = (draftId: string) =>
  gateway.simulator.store.read(`${domain}/${user}/.Drafts/new/${draftId}`)?.toString("latin1") ?? "";
const files = () =>
  gateway.simulator.store
    .files()
    .filter((path) => path.startsWith(`${domain}/${user}/`))
    .map((path) => path.replace(`${domain}/${user}/.Drafts/`, ""));
const issuesOf = ({ body }: Answer) => (body as ErrorAnswer).issues;
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const anyBytes = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x2d, 0x2d]);

describe("drafts", () => {
  it("200 are composed as mail, found by the path in the answer, and written anew", async () => {
    const draft = {
      from: "Tony Stärk <tony@example.com>",
      to: ["pepper@example.com"],
      bcc: ["happy@example.com"],
      subject: "Grüße",
      text: "Zeile 1\nüber",
    };
    const answer = await call("POST", "", draft);
    const { draftId, path } = answer.body as { draftId: string; path: string };
    expect(answer.status).toBe(200);
    const { content } = await client().storage.file.query({ path });
    expect(content).toMatch(/^From: =\?UTF-8\?.+ <tony@example\.com>\r\n/);
    expect(content).toContain("Bcc: happy@example.com\r\n");
    expect(content).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(content).toMatch(/^Date: /m);
    expect(content).toMatch(/charset=utf-8/);
    expect((await call("PUT", `/${draftId}`, { subject: "Second" })).body).toEqual({ draftId, path });
    expect(read(draftId)).toContain("Subject: Second\r\n");
    expect(read(draftId)).not.toContain("tony@example.com");
    expect(files()).toEqual([`new/${draftId}`]);
  });

  it("200 with a subject of two lines as one line, which forges no header", async () => {
    const draftId = await create({ subject: "Hi\r\nBcc: x@example.com" });
    expect(read(draftId)).toContain("Subject: Hi Bcc: x@example.com\r\n");
  });

  it("200 are finished messages byte for byte, as base64 and as bytes", async () => {
    const draftId = await create({ message: base64(anyBytes) });
    expect(read(draftId)).toBe(anyBytes.toString("latin1"));
    await client().storage.updateDraft.mutate({ domain, user, draftId, message: new Uint8Array([0xfe, 0x00]) });
    expect(read(draftId)).toBe("\xfe\x00");
  });

  it("200 with a message of 25 MB, 400 for a little more, 413 for much more", async () => {
    const largest = Buffer.alloc(25 * 1024 ** 2, "x");
    const draftId = await create({ message: base64(largest) });
    expect(read(draftId)).toHaveLength(largest.length);
    const larger = await call("POST", "", { message: base64(Buffer.concat([largest, anyBytes])) });
    expectError(larger, 400, "invalid_input");
    expectError(await call("POST", "", { message: "x".repeat(36 * 1024 ** 2) }), 413, "payload_too_large");
  });

  it.each([
    [{ message: "", text: "x" }, "message"],
    [{ message: "not base64!" }, "message"],
    [{ message: "abc" }, "message"],
    [{ message: [1, 2] }, "message"],
    [{ subject: "a\0" }, "subject"],
    [{ from: "a@example.com\r\nBcc: x@example.com" }, "from"],
    [{ to: ["nobody"] }, "to.0"],
    [{ to: "a@example.com" }, "to"],
    [{ unknown: 1 }, ""],
  ])("400 for %j, which names the field", async (body, path) => {
    const before = gateway.simulator.requests.length;
    const answer = await call("POST", "", body);
    expectError(answer, 400, "invalid_input");
    expect(issuesOf(answer)?.[0]?.path).toBe(path);
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it("200 writes a draft that was read anew without making a second one", async () => {
    const draftId = await create({ text: "first" });
    await client().storage.markAllRead.mutate({ domain, user, folder: "Drafts" });
    expect(files()).toEqual([`cur/${draftId}`]);
    expect((await call("PUT", `/${draftId}`, { text: "second" })).status).toBe(200);
    expect(files()).toEqual([`new/${draftId}`]);
    expect(read(draftId)).toContain("second");
  });

  it("404 for a draft that is not there, where Robin would make it or say that it is done", async () => {
    await create();
    const before = gateway.simulator.requests.filter(({ method }) => method !== "GET").length;
    const nope = "/draft-nope.eml";
    for (const answer of [
      await call("PUT", nope, { text: "x" }),
      await call("DELETE", nope),
      await call("GET", `${nope}/attachments`),
      await call("POST", `${nope}/attachments`, { fileName: "a.txt", content: "" }),
      await call("GET", `${nope}/attachments/att-1.eml`),
      await call("DELETE", `${nope}/attachments/att-1.eml`),
    ])
      expectError(answer, 404, "not_found");
    const typed = client().storage.deleteDraft.mutate({ domain, user: "nobody", draftId: "draft-nope.eml" });
    expect(await failureOf(typed)).toMatchObject({ httpStatus: 404, message: "There is no such draft." });
    expect(gateway.simulator.requests.filter(({ method }) => method !== "GET").length).toBe(before);
  });

  it.each(["new", "cur", "attachments", "x.txt", "a%2Fb.eml", "a%5Cb.eml", "a..b.eml", "%00.eml", "%zz", "%ff.eml"])(
    "400 for the id %s",
    async (draftId) => {
      expectError(await call("DELETE", `/${draftId}`), 400, "invalid_input");
      expectError(await call("PUT", `/${draftId}`, {}), 400, "invalid_input");
      expectError(await call("DELETE", `/draft-1.eml/attachments/${draftId}`), 400, "invalid_input");
    },
  );

  it("leaves audit rows that name the draft and show nothing of it", async () => {
    const secret = "between you and me";
    const answer = await call("POST", "", { subject: secret, text: secret });
    const { draftId } = answer.body as { draftId: string };
    const updated = await call("PUT", `/${draftId}`, { text: secret });
    const added = await call("POST", `/${draftId}/attachments`, { fileName: "a.txt", content: base64(anyBytes) });
    const address = `${user}@${domain}`;
    const rows = await Promise.all([answer, updated, added].map((of) => auditOf(gateway, of)));
    expect(rows.flat()).toMatchObject([
      { action: "storage.createDraft", targets: [address], outcome: "SUCCEEDED" },
      { action: "storage.updateDraft", targets: [address, draftId], outcome: "SUCCEEDED" },
      { action: "storage.addAttachment", targets: [address, draftId, "a.txt"], outcome: "SUCCEEDED" },
    ]);
    expect(JSON.stringify([rows, gateway.logs])).not.toContain(secret);
  });
});

describe("attachments of drafts", () => {
  const add = (draftId: string, fileName: string, content: Uint8Array = anyBytes) =>
    call("POST", `/${draftId}/attachments`, { fileName, content: base64(content) });

  it.each(["menu.pdf", "Größe & 50%+1.pdf", "東京 🚂.png", "u\u0308.txt", "no extension", "mail.eml", "x".repeat(210)])(
    "200 keep %j with its bytes, by both roads",
    async (fileName) => {
      const draftId = await create();
      const added = await add(draftId, fileName);
      expect([added.status, added.body]).toMatchObject([200, { fileName, size: anyBytes.length }]);
      const listed = await call("GET", `/${draftId}/attachments`);
      const { attachmentId } = added.body as { attachmentId: string };
      expect(listed.body).toEqual({ items: [{ attachmentId, fileName, size: anyBytes.length }] });
      const file = `${domain}/${user}/drafts/${draftId}/attachments/${encodeURIComponent(attachmentId)}`;
      const raw = await fetch(`${gateway.url}/api/v1/storage/${file}`, {
        headers: { authorization: `Bearer ${operator.token}` },
      });
      expect(raw.headers.get("content-type")).toBe("application/octet-stream");
      expect(fileNameIn(raw.headers.get("content-disposition") ?? "")).toBe(fileName);
      expect(Buffer.from(await raw.arrayBuffer())).toEqual(anyBytes);
      for (const content of [new Uint8Array([1, 2, 3]), "AQID"]) {
        const typed = await client().storage.addAttachment.mutate({ domain, user, draftId, fileName, content });
        expect(typed).toMatchObject({ fileName, size: 3 });
      }
    },
  );

  it("200 removes one, 404 the second time, and goes with its draft", async () => {
    const draftId = await create();
    const { attachmentId } = (await add(draftId, "a.txt")).body as { attachmentId: string };
    await add(draftId, "b.txt");
    expect((await call("DELETE", `/${draftId}/attachments/${attachmentId}`)).body).toEqual({ success: true });
    expectError(await call("DELETE", `/${draftId}/attachments/${attachmentId}`), 404, "not_found");
    expect((await call("DELETE", `/${draftId}`)).body).toEqual({ success: true, attachmentsDeleted: 1 });
    expect(files()).toEqual([]);
    const { items } = await client().storage.list.query({ path: `/${domain}/${user}/.Drafts/attachments` });
    expect(items).toEqual([]);
  });

  it("503 and the draft still there when Robin fails while its attachments go", async () => {
    const draftId = await create();
    const { attachmentId } = (await add(draftId, "a.txt")).body as { attachmentId: string };
    const route = `/store/${domain}/${user}/drafts/${draftId}/attachments/${attachmentId}`;
    gateway.simulator.faults.set({ port: "client", route, fault: { kind: "reset" }, times: 1 });
    expectError(await call("DELETE", `/${draftId}`), 503, "upstream_unavailable");
    expect(files()).toContain(`new/${draftId}`);
    expect((await call("DELETE", `/${draftId}`)).body).toEqual({ success: true, attachmentsDeleted: 1 });
  });

  it.each(["a/b", "..", "a\\b", " a", "", "a\r\nb", "x".repeat(211)])("400 for the name %j", async (fileName) => {
    const answer = await add("draft-1.eml", fileName);
    expectError(answer, 400, "invalid_input");
    expect(issuesOf(answer)?.[0]?.path).toBe("fileName");
  });
});
