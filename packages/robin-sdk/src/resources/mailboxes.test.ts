import { createManualClock, createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError, isRobinInputError, type RobinError } from "../index.ts";
import { createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";

const failureOf = (promise: Promise<unknown>): Promise<RobinError> => rejection(promise, isRobinError);

const account = { domain: "example.com", user: "tony" };
const address = "tony@example.com";
const now = new Date("2026-11-23T12:00:00Z");

describe("mailboxes", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({ items: 0, mails: 0, clock: createManualClock(now) });
    client = createTestClient(simulator.clientUrl);
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  const deliver = (folder: string, options: { read?: boolean; receivedAt?: Date; content?: Uint8Array } = {}) => {
    const { content = "mail", ...delivery } = options;
    return simulator.mailboxes.deliver(address, content, { folder, ...delivery });
  };
  const foldersOf = async () => (await client.mailboxes.view(account)).folders.map(({ path }) => path);

  describe("view", () => {
    it("shows the system folders of a mailbox that was never used", async () => {
      const counts = { total: 0, unread: 0, isSystem: true };
      expect(await client.mailboxes.view({ domain: "Example.COM", user: "Tony" })).toEqual({
        domain: "example.com",
        user: "tony",
        folders: [
          { path: "Inbox", ...counts },
          { path: "Sent", ...counts },
        ],
        messages: [],
      });
    });

    it("shows mails newest first, with instants, and without what Robin does not know (trap 39)", async () => {
      const older = deliver("Projects", { receivedAt: new Date("2026-01-02T03:04:05.678Z"), read: true });
      const newer = deliver("inbox");
      const { messages } = await client.mailboxes.view(account);
      expect(messages.map(({ id }) => id)).toEqual([newer, older]);
      const receivedAt = new Date("2026-01-02T03:04:05.678Z");
      expect(messages[1]).toEqual({
        id: older,
        folder: "Projects",
        read: true,
        receivedAt,
        updatedAt: receivedAt,
        sizeBytes: 4,
        sourceFile: expect.any(String) as string,
      });
    });

    it("counts what the state filter left (trap 39)", async () => {
      deliver("inbox", { read: true });
      deliver("inbox");
      const { folders, messages } = await client.mailboxes.view({ ...account, state: "read" });
      expect(folders[0]).toMatchObject({ total: 1, unread: 0 });
      expect(messages).toHaveLength(1);
      const state = "all" as "read";
      expect(await rejection(client.mailboxes.view({ ...account, state }), isRobinInputError)).toMatchObject({
        field: "state",
      });
    });

    it("rejects with 503 while Robin has the store off, however often, and the rest of the port is still called", async () => {
      await using off = await createRobinSimulatorOff();
      for (let call = 0; call < 6; call += 1) {
        const error = await failureOf(off.client.mailboxes.view(account));
        expect(error).toMatchObject({ kind: "http", status: 503, detail: "RocksDB storage disabled." });
      }
      const change = off.client.mailboxes.folders.create({ ...account, name: "A" });
      expect(await failureOf(change)).toMatchObject({ kind: "http", status: 503 });
      expect(off.client.breakers().client).toBe("closed");
    });
  });

  describe("folder, folderProperties", () => {
    it("show one folder by the name people see, or the inbox", async () => {
      const id = deliver("Projects/2026 + 50%", { read: true });
      deliver("inbox");
      const folder = "Projects/2026 + 50%";
      const properties = { folder, total: 1, unread: 0, read: 1, sizeBytes: 4 };
      expect(await client.mailboxes.folderProperties({ ...account, folder })).toEqual(properties);
      expect(await client.mailboxes.folder({ ...account, folder })).toMatchObject({ properties, messages: [{ id }] });
      expect(await client.mailboxes.folder({ ...account, folder, state: "unread" })).toMatchObject({ messages: [] });
      for (const inbox of ["", "inbox", "INBOX"])
        expect(await client.mailboxes.folderProperties({ ...account, folder: inbox })).toMatchObject({
          folder: "Inbox",
          total: 1,
        });
    });

    it("find sub-folders of the system folders in any case", async () => {
      deliver("Sent/Old");
      const folder = "SENT/Old";
      expect(await client.mailboxes.folderProperties({ ...account, folder })).toMatchObject({ folder: "Sent/Old" });
    });

    it("reject with 404 for a folder that is not there, and do not make it (trap 39)", async () => {
      for (const folder of ["Nope", "inbox/Nope", "projects"]) {
        deliver("Projects");
        const error = await failureOf(client.mailboxes.folder({ ...account, folder }));
        expect(error).toMatchObject({ kind: "http", status: 404, detail: "Folder not found." });
        const properties = client.mailboxes.folderProperties({ ...account, folder });
        expect(await failureOf(properties)).toMatchObject({ status: 404 });
      }
      expect(await foldersOf()).toEqual(["Inbox", "Projects", "Sent"]);
    });
  });

  describe("message", () => {
    it("gives the bytes as they were received, whatever they are (trap 39)", async () => {
      const content = Buffer.from(Array.from({ length: 256 }, (_unused, byte) => byte));
      const messageId = deliver("inbox", { content });
      const mail = await client.mailboxes.message({ ...account, messageId });
      expect(mail.content.equals(content)).toBe(true);
      expect(mail.message).toMatchObject({ id: messageId, sizeBytes: 256 });
    });

    it("rejects with 404 for a mail that is not there or in another mailbox", async () => {
      const messageId = deliver("inbox");
      const other = client.mailboxes.message({ ...account, user: "other", messageId });
      expect(await failureOf(other)).toMatchObject({ status: 404, detail: "Not Found" });
      for (const id of ["", "a/b.eml", "..", "x"])
        await rejection(client.mailboxes.message({ ...account, messageId: id }), isRobinInputError);
    });
  });

  describe("folders", () => {
    it("are created, renamed, copied, moved and deleted", async () => {
      const { folders } = client.mailboxes;
      await folders.create({ ...account, name: "A" });
      await folders.create({ ...account, name: "B", parent: "A" });
      await folders.rename({ ...account, folder: "A/B", name: "C" });
      await folders.copy({ ...account, folder: "A", destinationParent: "", newName: "D" });
      await folders.move({ ...account, folder: "D/C", destinationParent: "" });
      await folders.delete({ ...account, folder: "D" });
      expect(await foldersOf()).toEqual(["A", "A/C", "C", "Inbox", "Sent"]);
    });

    it("go below the inbox, or to the top level", async () => {
      const { folders } = client.mailboxes;
      await folders.create({ ...account, name: "Old", parent: "inbox" });
      expect(await foldersOf()).toEqual(["Inbox", "Inbox/Old", "Sent"]);
      await folders.move({ ...account, folder: "inbox/Old", destinationParent: "" });
      expect(await foldersOf()).toEqual(["Inbox", "Old", "Sent"]);
      await folders.copy({ ...account, folder: "Old", destinationParent: "Inbox" });
      expect(await foldersOf()).toEqual(["Inbox", "Inbox/Old", "Old", "Sent"]);
    });

    it("reject with 404 where Robin says 400, 200 or makes them (trap 39)", async () => {
      const { folders } = client.mailboxes;
      const nope = { ...account, folder: "Nope" };
      const renaming = await failureOf(folders.rename({ ...nope, name: "x" }));
      expect(renaming).toMatchObject({ kind: "http", status: 404, detail: "Folder not found." });
      expect(renaming.message).toContain("Robin answered 400, which means 404");
      expect(await failureOf(folders.delete(nope))).toMatchObject({ status: 404 });
      expect(await failureOf(folders.copy({ ...nope, destinationParent: "" }))).toMatchObject({ status: 404 });
      // To its own name and place, which Robin calls done.
      expect(await failureOf(folders.rename({ ...nope, name: "Nope" }))).toMatchObject({ status: 404 });
      expect(await failureOf(folders.move({ ...nope, destinationParent: "" }))).toMatchObject({ status: 404 });
      const inMissing = folders.create({ ...account, name: "x", parent: "Nope" });
      expect(await failureOf(inMissing)).toMatchObject({ status: 404 });
      expect(await foldersOf()).toEqual(["Inbox", "Sent"]);
    });

    it("reject with 400 and Robin's words for system folders and folders with mail", async () => {
      deliver("A");
      const { folders } = client.mailboxes;
      const sent = await failureOf(folders.delete({ ...account, folder: "sent" }));
      expect(sent).toMatchObject({ status: 400, detail: "Cannot modify system folder." });
      const filled = await failureOf(folders.delete({ ...account, folder: "A" }));
      expect(filled).toMatchObject({ status: 400, detail: "Folder is not empty." });
    });

    it.each(["INBOX", "sent", "a/b", "..", ""])("refuse the name %j before anything is sent", async (name) => {
      const { folders } = client.mailboxes;
      for (const call of [folders.create({ ...account, name }), folders.rename({ ...account, folder: "A", name })])
        await rejection(call, isRobinInputError).then(({ field }) => {
          expect(field).toBe("name");
        });
      expect(simulator.requests).toHaveLength(0);
    });

    it("may be called sent below another folder", async () => {
      await client.mailboxes.folders.create({ ...account, name: "A" });
      await client.mailboxes.folders.create({ ...account, name: "sent", parent: "A" });
      expect(await foldersOf()).toContain("A/sent");
    });
  });

  describe("messages", () => {
    it("move and keep what was read", async () => {
      const messageIds = [deliver("inbox", { read: true }), deliver("inbox"), deliver("Other")];
      await client.mailboxes.folders.create({ ...account, name: "To" });
      const input = { ...account, fromFolder: "", toFolder: "To", messageIds };
      expect(await client.mailboxes.messages.move(input)).toEqual({ count: 2 });
      expect((await client.mailboxes.folder({ ...account, folder: "To" })).properties).toMatchObject({
        read: 1,
        unread: 1,
      });
    });

    it("are marked, deleted and cleaned up, below the inbox without a confirmation", async () => {
      const { messages } = client.mailboxes;
      const inbox = { ...account, folder: "inbox" };
      const id = deliver("inbox");
      deliver("inbox");
      deliver("Inbox/Old", { receivedAt: new Date("2026-01-01T00:00:00Z") });
      expect(await messages.setReadStatus({ ...inbox, messageIds: [id], read: true })).toEqual({ count: 1 });
      expect(await messages.markAllRead(inbox)).toEqual({ count: 1 });
      expect(await messages.cleanup({ ...inbox, months: 3 })).toEqual({ count: 1 });
      expect(await messages.delete({ ...inbox, messageIds: [id] })).toEqual({ count: 1 });
      expect(await messages.deleteAll(inbox)).toEqual({ count: 1 });
      expect(await foldersOf()).toEqual(["Inbox", "Inbox/Old", "Sent"]);
    });

    it("reject with 404 for a folder that is not there, where Robin says 200 (trap 39)", async () => {
      const { messages } = client.mailboxes;
      const nope = { ...account, folder: "Nope" };
      const errors = await Promise.all(
        [
          messages.setReadStatus({ ...nope, messageIds: [], read: true }),
          messages.markAllRead(nope),
          messages.deleteAll(nope),
          messages.cleanup({ ...nope, months: 1 }),
          messages.delete({ ...nope, messageIds: ["x.eml"] }),
          messages.move({ ...account, fromFolder: "", toFolder: "Nope", messageIds: ["x.eml"] }),
        ].map(failureOf),
      );
      for (const error of errors) expect(error).toMatchObject({ kind: "http", status: 404 });
    });
  });
});

async function createRobinSimulatorOff() {
  const simulator = await createRobinSimulator({ items: 0, mails: 0, mailboxes: false });
  const client = createTestClient(simulator.clientUrl);
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await simulator.close();
    },
  };
}
