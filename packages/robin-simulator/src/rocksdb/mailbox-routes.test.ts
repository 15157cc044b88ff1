import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { noon, startSimulator } from "../testing/simulators.ts";

const account = "/store-rocksdb/a.test/u";

async function send(robin: RobinSimulator, line: string, body?: string) {
  const [method = "", path = ""] = line.split(" ");
  const target = path.startsWith("/store") ? path : account + path;
  const answer = await sendRaw(robin.clientUrl, { method, target, ...(body !== undefined && { body }) });
  return [answer?.status, answer?.body];
}

interface View {
  folders: { path: string; system: boolean; total: number; unread: number }[];
  messages: { id: string; folder: string; read: boolean }[];
}
async function viewOf(robin: RobinSimulator, path = ""): Promise<View> {
  return JSON.parse(String((await send(robin, `GET ${path}`))[1])) as View;
}
const foldersOf = async (robin: RobinSimulator) => (await viewOf(robin)).folders.map(({ path }) => path);

const notFound = [404, '{"error":"Not Found"}'];
const refused = (message: string) => [400, `{"r":0,"msg":"${message}"}`];
const done = (message: string) => [200, `{"r":1,"msg":"${message}"}`];

describe("GET /store-rocksdb", () => {
  it("200 makes the system folders, in lower case of domain and user (trap 39)", async () => {
    const robin = await startSimulator();
    expect(await send(robin, "GET /store-rocksdb/A.Test/U/")).toEqual([
      200,
      `{
  "r": 1,
  "domain": "a.test",
  "user": "u",
  "folders": [
    {
      "path": "Inbox",
      "system": true,
      "total": 0,
      "unread": 0
    },
    {
      "path": "Sent",
      "system": true,
      "total": 0,
      "unread": 0
    }
  ],
  "messages": []
}`,
    ]);
  });

  it("200 shows mails newest first with blank headers, and their bytes as Latin-1 (trap 39)", async () => {
    const robin = await startSimulator();
    const older = robin.mailboxes.deliver("u@a.test", "x", { receivedAt: new Date(1000), read: true });
    const newer = robin.mailboxes.deliver("U@A.test", Buffer.from("Grüße"));
    expect((await viewOf(robin)).messages.map(({ id }) => id)).toEqual([newer, older]);
    const [status, body] = await send(robin, `GET /messages/${newer}`);
    expect(status).toBe(200);
    expect(JSON.parse(String(body))).toEqual({
      message: {
        id: newer,
        folder: "Inbox",
        read: false,
        receivedAt: noon.getTime(),
        updatedAt: noon.getTime(),
        size: 7,
        subject: "",
        from: "",
        to: "",
        sourceFile: expect.stringMatching(/^\/usr\/local\/robin\/store\/tmp\/20261123\.[0-9a-f-]{36}\.eml$/) as string,
      },
      content: Buffer.from("Grüße").toString("latin1"),
    });
    expect(await send(robin, "GET /messages/nope")).toEqual(notFound);
    expect(await send(robin, `GET /store-rocksdb/a.test/other/messages/${newer}`)).toEqual(notFound);
  });

  it("200 counts what the state filter leaves (trap 39)", async () => {
    const robin = await startSimulator();
    robin.mailboxes.deliver("u@a.test", "1");
    robin.mailboxes.deliver("u@a.test", "12", { read: true });
    const inbox = async (query: string) => (await viewOf(robin, query)).folders[0];
    expect(await inbox("?state=READ")).toMatchObject({ total: 1, unread: 0 });
    expect(await inbox("?state=unread")).toMatchObject({ total: 1, unread: 1 });
    expect(await inbox("?state=")).toMatchObject({ total: 2, unread: 1 });
    expect(await send(robin, "GET ?state=x")).toEqual(refused("Invalid state."));
    expect(await viewOf(robin, "/folders/inbox?state=read")).toMatchObject({
      folder: "Inbox",
      state: "read",
      properties: { total: 1, unread: 0, read: 1, size: 2 },
    });
    expect(await viewOf(robin, "/folders/inbox/properties?state=x")).toMatchObject({ total: 2, size: 3 });
  });

  it("200 makes the folder that was asked for, and those above it (trap 39)", async () => {
    const robin = await startSimulator();
    await send(robin, "GET /folders/New/Sub");
    await send(robin, "GET /folders/Other/properties");
    await send(robin, "GET /folders/properties");
    expect(await foldersOf(robin)).toEqual(["Inbox", "New", "New/Sub", "Other", "properties", "Sent"]);
  });

  it.each([
    "/store-rocksdb",
    "/store-rocksdb/a.test",
    "/store-rocksdb/%20/c",
    "/folders",
    "/messages",
    "/messages/a/b",
  ])("404 for %s", async (path) => {
    expect(await send(await startSimulator(), `GET ${path}`)).toEqual(notFound);
  });

  it.each(["/..", "/a..b", "/%252e%252e/x", "/folders/a%5C..%5Cb"])("403 for %s (trap 37)", async (path) => {
    expect(await send(await startSimulator(), `GET ${path}`)).toEqual([403, '{"error":"Forbidden"}']);
  });

  it("closes the connection for a bare percent sign, and takes a NUL for a name (traps 3 and 4)", async () => {
    const robin = await startSimulator();
    expect(await send(robin, "GET /folders/100%25")).toEqual([undefined, undefined]);
    expect((await send(robin, "GET /store-rocksdb/a.test/a%2500b"))[0]).toBe(200);
    await send(robin, "GET /folders/a%252Bb%2525");
    expect(await foldersOf(robin)).toContain("a+b%");
  });

  it("503 for everything while the store is off, after 401", async () => {
    const off = [503, '{"error":"RocksDB storage disabled."}'];
    const robin = await startSimulator({ mailboxes: false });
    expect(await send(robin, "GET ")).toEqual(off);
    expect(await send(robin, "POST /folders/a..b/%2525", "{")).toEqual(off);
    const locked = await startSimulator({ mailboxes: false, clientAuth: { type: "bearer", value: "t" } });
    expect(await send(locked, "GET ")).toEqual([401, "Unauthorized"]);
  });
});

describe("folders of /store-rocksdb", () => {
  it("200 creates with those above, again without harm, null and INBOX as names (traps 37 and 39)", async () => {
    const robin = await startSimulator();
    for (const body of ['{"name":"x","parent":"Ghost"}', '{"name":"x","parent":"ghost/"}', '{"name":null}'])
      expect(await send(robin, "POST /folders", body)).toEqual(done("Folder created."));
    expect(await send(robin, "POST /folders", '{"name":"INBOX"}')).toEqual(done("Folder created."));
    expect(await foldersOf(robin)).toEqual(["Ghost", "ghost", "Ghost/x", "ghost/x", "INBOX", "Inbox", "null", "Sent"]);
    for (const body of ["{}", '{"name":"a/b"}', '{"name":"a..b"}', '{"name":"."}'])
      expect(await send(robin, "POST /folders", body)).toEqual(refused("Invalid folder name."));
    expect(await send(robin, "POST /folders", "{")).toEqual(refused("Invalid JSON body"));
  });

  it("200 renames with mails and all below, onto another folder too, which makes them one", async () => {
    const robin = await startSimulator();
    robin.mailboxes.deliver("u@a.test", "1", { folder: "A/Sub" });
    robin.mailboxes.deliver("u@a.test", "2", { folder: "B/Sub" });
    expect(await send(robin, "PATCH /folders/A", '{"name":"B"}')).toEqual(done("Folder renamed."));
    expect(await foldersOf(robin)).toEqual(["B", "B/Sub", "Inbox", "Sent"]);
    expect(await viewOf(robin, "/folders/B/Sub/properties")).toMatchObject({ total: 2 });
    expect(await send(robin, "PATCH /folders/B/Sub", '{"name":"C"}')).toEqual(done("Folder renamed."));
    expect(await send(robin, "PATCH /folders/Nope", '{"name":"x"}')).toEqual(refused("Folder not found."));
    expect(await send(robin, "PATCH /folders/sent", "{}")).toEqual(refused("Cannot modify system folder."));
  });

  it("200 copies, system folders too, with new ids; 200 even for a missing one without a new place", async () => {
    const robin = await startSimulator();
    const id = robin.mailboxes.deliver("u@a.test", "1", { read: true, receivedAt: new Date(1000) });
    expect(await send(robin, "POST /folders/inbox/copy", '{"newName":"Copy"}')).toEqual(done("Folder copied."));
    const [copy] = (await viewOf(robin, "/folders/Copy")).messages;
    expect(copy).toMatchObject({ folder: "Copy", read: true, receivedAt: noon.getTime() });
    expect(copy?.id).not.toBe(id);
    expect(await send(robin, "POST /folders/Nope/copy", "{}")).toEqual(done("Folder copied."));
    const elsewhere = await send(robin, "POST /folders/Nope/copy", '{"newName":"x"}');
    expect(elsewhere).toEqual(refused("Folder not found."));
  });

  it("200 moves; 400 into itself, for a system folder and for a missing one", async () => {
    const robin = await startSimulator();
    robin.mailboxes.deliver("u@a.test", "1", { folder: "A/Sub" });
    expect(await send(robin, "POST /folders/A/move", '{"destinationParent":"B"}')).toEqual(done("Folder moved."));
    expect(await foldersOf(robin)).toEqual(["B", "B/A", "B/A/Sub", "Inbox", "Sent"]);
    const into = await send(robin, "POST /folders/B/move", '{"destinationParent":"B/A"}');
    expect(into).toEqual(refused("Cannot move folder into itself."));
    expect(await send(robin, "POST /folders/inbox/move", "{}")).toEqual(refused("Cannot modify system folder."));
    const missing = await send(robin, "POST /folders/Nope/move", '{"destinationParent":"B"}');
    expect(missing).toEqual(refused("Folder not found."));
    expect(await send(robin, "POST /folders/B/move", '{"destinationParent":".."}')).toEqual([
      403,
      '{"error":"Forbidden"}',
    ]);
  });

  it("200 deletes what holds no mail, with all below; 400 otherwise", async () => {
    const robin = await startSimulator();
    robin.mailboxes.deliver("u@a.test", "1", { folder: "A/Sub" });
    await send(robin, "GET /folders/B/Sub");
    expect(await send(robin, "DELETE /folders/A")).toEqual(refused("Folder is not empty."));
    expect(await send(robin, "DELETE /folders/B")).toEqual(done("Folder removed."));
    expect(await send(robin, "DELETE /folders/B")).toEqual(refused("Folder not found."));
    expect(await send(robin, "DELETE /folders/inbox")).toEqual(refused("Cannot modify system folder."));
    expect(await send(robin, "DELETE /folders/%2520/x")).toEqual(refused("Folder not found."));
  });
});

describe("mails of /store-rocksdb", () => {
  it("200 moves out of the named folder only and keeps what was read", async () => {
    const robin = await startSimulator();
    const id = robin.mailboxes.deliver("u@a.test", "1", { read: true });
    const body = JSON.stringify({ fromFolder: "", toFolder: "To", messageIds: [`x/${id}`, id, "nope", "..", null] });
    expect(await send(robin, "POST /messages/move", body)).toEqual([200, '{"success":true,"moved":1}']);
    expect(await send(robin, "POST /messages/move", body)).toEqual([200, '{"success":false,"moved":0}']);
    expect((await viewOf(robin)).messages).toMatchObject([{ id, folder: "To", read: true }]);
  });

  it("200 sets the state and counts mails that had it; a missing folder has no mails", async () => {
    const robin = await startSimulator();
    const id = robin.mailboxes.deliver("u@a.test", "1");
    const mark = (action: string, folder = "") =>
      send(robin, "POST /messages/read-status", JSON.stringify({ folder, action, messageIds: [id] }));
    expect(await mark("read")).toEqual([200, '{"moved":1}']);
    expect(await mark("READ")).toEqual([200, '{"moved":1}']);
    expect(await mark("unread", "Nope")).toEqual([200, '{"moved":0}']);
    expect(await mark("x")).toEqual(refused("Invalid action"));
    await mark("unread");
    const answer = await send(robin, "POST /messages/mark-all-read", '{"folder":"inbox"}');
    expect(answer).toEqual([200, '{"success":true,"moved":1}']);
    expect(await foldersOf(robin)).toEqual(["Inbox", "Sent"]);
  });

  it("200 deletes all of one folder, and cleans up by age with all below", async () => {
    const clock = createManualClock(noon);
    const robin = await startSimulator({ clock });
    robin.mailboxes.deliver("u@a.test", "1", { folder: "A/Sub", receivedAt: new Date("2026-08-23T11:59:59Z") });
    robin.mailboxes.deliver("u@a.test", "2", { folder: "A", receivedAt: new Date("2026-08-23T12:00:00Z") });
    const cleaned = await send(robin, "POST /messages/cleanup", '{"folder":"A"}');
    expect(cleaned).toEqual([200, '{"r":1,"msg":"Cleanup complete.","affected":1}']);
    const deleted = await send(robin, "POST /messages/delete-all", '{"folder":"A"}');
    expect(deleted).toEqual([200, '{"success":true,"deleted":1}']);
  });

  it.each(["POST /drafts", "POST /messages/frob", "PUT /messages/move", "DELETE /messages/x", "POST /folders/a/frob"])(
    "404 for %s, but 400 for bad JSON first",
    async (line) => {
      const robin = await startSimulator();
      expect(await send(robin, line, "{}")).toEqual(notFound);
      expect(await send(robin, line, "{")).toEqual(refused("Invalid JSON body"));
      expect(await send(robin, "POST ", "{")).toEqual(notFound);
    },
  );

  it("are seeded, the same for the same seed", async () => {
    const view = async (seed: number) => {
      const robin = await startSimulator({ mails: 40, seed });
      return send(robin, "GET /store-rocksdb/robin.example/ada.keller");
    };
    const first = await view(5);
    expect(String(first[1])).toContain("Projects/2026");
    expect(await view(5)).toEqual(first);
    expect(await view(6)).not.toEqual(first);
  });
});
