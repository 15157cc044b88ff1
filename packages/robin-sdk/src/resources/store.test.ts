import { createManualClock, createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError, isRobinInputError, type RobinError } from "../index.ts";
import { createStandIn, createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";

const failureOf = (promise: Promise<unknown>): Promise<RobinError> => rejection(promise, isRobinError);

describe("store reading", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({
      items: 0,
      mails: 0,
      clock: createManualClock(new Date("2026-11-23T12:00:00Z")),
    });
    client = createTestClient(simulator.clientUrl);
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  const account = { domain: "example.com", user: "tony" };
  const inbox = "example.com/tony/new";

  describe("list", () => {
    it("lists the root, Robin's own folders included, however it is written", async () => {
      simulator.store.put("example.com/tony/new/1.eml", "x");
      const entries = ["example.com", "queue", "tmp"].map((name) => ({ type: "directory", name, path: name }));
      expect(await client.store.list({ path: "" })).toEqual({ path: "", entries });
      expect(await client.store.list({ path: "/" })).toEqual({ path: "", entries });
    });

    it("leads from directory to directory by the paths it gives, without the way up and without other files", async () => {
      simulator.store.put(`${inbox}/1.eml`, "four");
      simulator.store.put(`${inbox}/note.txt`, "hidden");
      simulator.store.put("example.com/tony/.Projects/new/2.eml", "x");
      const top = await client.store.list({ path: "/example.com/tony/" });
      expect(top).toEqual({
        path: "example.com/tony",
        entries: [
          { type: "directory", name: ".Projects", path: "example.com/tony/.Projects" },
          { type: "directory", name: "new", path: inbox },
        ],
      });
      expect(await client.store.list({ path: top.entries[1]?.path ?? "" })).toEqual({
        path: inbox,
        entries: [{ type: "message", name: "1.eml", path: `${inbox}/1.eml`, sizeBytes: 4 }],
      });
    });

    it.each([
      "a+b",
      "100%",
      "50%25",
      "Grüße",
      "東京 🚂",
      "a b",
      "a&b=c;d?e#f",
      "quote\"s and 's <x>",
      "x".repeat(255),
      "%00",
      "%2e%2e",
      "line\nbreak",
    ])("finds the directory %j and the mail in it by their exact names (trap 3)", async (name) => {
      const mail = `${name.slice(0, 250)}.eml`;
      simulator.store.put(`example.com/${name}/new/${mail}`, "bytes");
      const { entries } = await client.store.list({ path: `example.com/${name}/new` });
      expect(entries).toMatchObject([{ name: mail }]);
      expect(await client.store.messageBytes({ path: entries[0]?.path ?? "" })).toEqual(Buffer.from("bytes"));
    });

    it("takes the literal names of the disk, not the names of folders (trap 34)", async () => {
      simulator.store.put("example.com/tony/.Projects/new/1.eml", "x");
      expect(await failureOf(client.store.list({ path: "example.com/tony/Projects" }))).toMatchObject({ status: 404 });
      expect(await failureOf(client.store.list({ path: "example.com/tony/inbox" }))).toMatchObject({ status: 404 });
    });

    it("rejects with 404 and Robin's words for what is not there", async () => {
      const error = await failureOf(client.store.list({ path: "nowhere.example" }));
      expect(error).toMatchObject({ kind: "http", status: 404, endpoint: "/store/{path}", detail: "Not Found" });
      expect(error.message).not.toContain("nowhere");
    });

    it("lists the attachments of a draft, whose directory looks like a mail", async () => {
      const path = "example.com/tony/.Drafts/attachments/draft-1.eml";
      simulator.store.put(`${path}/att-1-a.pdf.eml`, "x");
      expect((await client.store.list({ path })).entries).toMatchObject([{ name: "att-1-a.pdf.eml" }]);
    });

    it("refuses a mail, and the properties of a folder, which are no directories", async () => {
      const properties = "example.com/tony/folders/x/properties";
      for (const path of [`${inbox}/1.eml`, `${inbox}/1.EML`, properties])
        expect(await rejection(client.store.list({ path }), isRobinInputError)).toMatchObject({ field: "path" });
      expect(simulator.requests).toHaveLength(0);
    });
  });

  describe("path traversal", () => {
    it.each([
      "..",
      "../etc",
      "example.com/..",
      "example.com/../../etc/passwd",
      "example.com/a..b",
      "..\\etc",
      "a\\b",
      "./a",
      "a/./b",
      "a//b",
      "a/ /b",
      "a\0b",
      "\ud800",
      "x".repeat(256),
    ])("refuses %j before anything is sent (trap 37)", async (path) => {
      for (const method of ["list", "messageBytes", "messageText"] as const)
        expect(await rejection(client.store[method]({ path }), isRobinInputError)).toMatchObject({ field: "path" });
      expect(simulator.requests).toHaveLength(0);
    });

    it.each(["%2e%2e/%2e%2e", "%252e%252e", "..;/x".replace("..", "%2E%2E"), "%c0%ae%c0%ae", "%5c%2e%2e"])(
      "asks for %j as the name that it is, which leads nowhere",
      async (path) => {
        expect(await failureOf(client.store.list({ path }))).toMatchObject({ status: 404 });
      },
    );
  });

  describe("openMessage, messageBytes, messageText", () => {
    it("never ask for JSON, which drops the connection when a mail is not UTF-8 (trap 33)", async () => {
      const bytes = Buffer.from([0x0d, 0x0a, 0xff, 0xfe, 0x00]);
      simulator.store.put(`${inbox}/broken.eml`, bytes);
      const path = `${inbox}/broken.eml`;
      expect(await client.store.messageBytes({ path })).toEqual(bytes);
      expect(await buffer((await client.store.openMessage({ path })).body)).toEqual(bytes);
      expect((await client.store.messageText({ path })).sizeBytes).toBe(5);
      expect(simulator.requests.map(({ headers }) => headers.accept)).toEqual(Array(3).fill("text/plain"));
    });

    it("opens 25 MB without holding them, byte for byte, on a connection of its own", async () => {
      const mail = Buffer.alloc(25 * 1024 * 1024, "0123456789abcdef\r\n");
      simulator.store.put(`${inbox}/big.eml`, mail);
      const { sizeBytes, body } = await client.store.openMessage({ path: `${inbox}/big.eml` });
      expect(sizeBytes).toBe(mail.length);
      let offset = 0;
      let chunkBytesMax = 0;
      for await (const chunk of body) {
        expect(mail.subarray(offset, offset + chunk.byteLength).equals(chunk)).toBe(true);
        offset += chunk.byteLength;
        chunkBytesMax = Math.max(chunkBytesMax, chunk.byteLength);
      }
      expect(offset).toBe(mail.length);
      expect(chunkBytesMax).toBeLessThan(1024 * 1024);
      expect(simulator.requests[0]?.headers.connection).toBe("keep-alive");
    });

    it("has no announced size for an empty mail", async () => {
      simulator.store.put(`${inbox}/empty.eml`, "");
      const stream = await client.store.openMessage({ path: `${inbox}/empty.eml` });
      expect("sizeBytes" in stream).toBe(false);
      expect(await buffer(stream.body)).toHaveLength(0);
    });

    it("rejects with 404 for a mail that is not there, and for a directory that looks like one", async () => {
      simulator.store.put("example.com/tony/dir.eml/x.eml", "x");
      expect(await failureOf(client.store.openMessage({ path: `${inbox}/no.eml` }))).toMatchObject({ status: 404 });
      expect(await failureOf(client.store.messageBytes({ path: "example.com/tony/dir.eml" }))).toMatchObject({
        kind: "invalid-response",
      });
    });

    it("refuses what is no mail", async () => {
      const attachments = "example.com/tony/.Drafts/attachments/draft-1.eml";
      for (const path of [`${inbox}/note.txt`, inbox, "", "1.eml", attachments])
        expect(await rejection(client.store.openMessage({ path }), isRobinInputError)).toMatchObject({ field: "path" });
    });

    it("reads mail in memory up to the limit only", async () => {
      await using small = createTestClient(simulator.clientUrl, { responseBytesMax: 10 });
      simulator.store.put(`${inbox}/1.eml`, "eleven bytes");
      const error = await failureOf(small.store.messageText({ path: `${inbox}/1.eml` }));
      expect(error).toMatchObject({ kind: "invalid-response" });
    });

    it("takes an upper-case extension", async () => {
      simulator.store.put(`${inbox}/1.EML`, "x");
      expect((await client.store.messageText({ path: `${inbox}/1.EML` })).text).toBe("x");
    });
  });

  describe("folderProperties", () => {
    it("counts a folder by the name people see", async () => {
      simulator.store.put("example.com/tony/.Projects/.2026/new/1.eml", "four");
      simulator.store.put("example.com/tony/.Projects/.2026/cur/2.eml", "12");
      const properties = await client.store.folderProperties({ ...account, folder: "Projects/2026" });
      expect(properties).toEqual({ sizeBytes: 6, unread: 1, total: 2 });
    });

    it.each(["", "inbox", "INBOX"])("takes %j for the inbox", async (folder) => {
      simulator.store.put(`${inbox}/1.eml`, "x");
      expect(await client.store.folderProperties({ ...account, folder })).toMatchObject({ total: 1, unread: 1 });
    });

    it("rejects with 404 for a folder or an account that is not there", async () => {
      const call = client.store.folderProperties({ ...account, folder: "Nope" });
      expect(await failureOf(call)).toMatchObject({ status: 404, detail: "Folder not found." });
      const other = client.store.folderProperties({ ...account, user: "nobody", folder: "" });
      expect(await failureOf(other)).toMatchObject({ status: 404 });
    });

    it.each(["a..b", "a/../b", "a\\b", "a//b", " a", "a/new", "x".repeat(255), "a\nb"])(
      "refuses the folder %j",
      async (folder) => {
        const call = client.store.folderProperties({ ...account, folder });
        expect(await rejection(call, isRobinInputError)).toMatchObject({ field: "folder" });
      },
    );

    it.each(["", " ", ".", "a/b", "a\\b", "a..b", "x".repeat(256)])("refuses the domain and user %j", async (name) => {
      const asDomain = client.store.folderProperties({ domain: name, user: "x", folder: "" });
      expect(await rejection(asDomain, isRobinInputError)).toMatchObject({ field: "domain" });
      const asUser = client.store.folderProperties({ domain: "x", user: name, folder: "" });
      expect(await rejection(asUser, isRobinInputError)).toMatchObject({ field: "user" });
    });
  });

  it("rejects with network when Robin drops the connection, after a second try", async () => {
    simulator.faults.set({ port: "client", route: "/store", fault: { kind: "reset" } });
    expect(await failureOf(client.store.list({ path: "" }))).toMatchObject({ kind: "network" });
    expect(simulator.requests).toHaveLength(2);
  });

  it("keeps Robin's words when its JSON is broken or of another shape", async () => {
    for (const body of ['{"r":0,"msg":"a\nb"}', '"text"', "{}"]) {
      await using server = await createStandIn((_request, response) => {
        response.writeHead(400, { "content-type": "application/json" }).end(body);
      });
      await using other = createTestClient(server.url);
      expect(await failureOf(other.store.list({ path: "x" }))).toMatchObject({ status: 400, detail: body });
    }
  });
});
