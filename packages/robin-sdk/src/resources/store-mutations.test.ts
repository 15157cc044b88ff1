import { createManualClock, createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError, isRobinInputError, type RobinError, type RobinInputError } from "../index.ts";
import { createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";

const failureOf = (promise: Promise<unknown>): Promise<RobinError> => rejection(promise, isRobinError);
const refusalOf = (promise: Promise<unknown>): Promise<RobinInputError> => rejection(promise, isRobinInputError);

const account = { domain: "example.com", user: "tony" };
const home = "example.com/tony";
const now = new Date("2026-11-23T12:00:00Z");

describe("store mutations", () => {
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

  const put = (...paths: string[]): void => {
    for (const path of paths) simulator.store.put(`${home}/${path}`, path);
  };
  const files = (): string[] =>
    simulator.store
      .files()
      .map((path) => path.replace(`${home}/`, ""))
      .sort();
  const directories = async (path = home): Promise<string[]> =>
    (await client.store.list({ path })).entries.map(({ name }) => name);
  const mutations = () => simulator.requests.filter(({ method }) => method !== "GET");

  describe("folders", () => {
    it("are created, in a new account too, and again without harm", async () => {
      await client.store.folders.create({ ...account, name: "Projects" });
      await client.store.folders.create({ ...account, name: "Grüße + 100%", parent: "Projects" });
      await client.store.folders.create({ ...account, name: "Projects" });
      expect(await directories(`${home}/.Projects`)).toEqual([".Grüße + 100%", "cur", "new", "tmp"]);
      const { total } = await client.store.folderProperties({ ...account, folder: "Projects/Grüße + 100%" });
      expect(total).toBe(0);
    });

    it("take a name of 254 bytes, which has 255 on disk", async () => {
      await client.store.folders.create({ ...account, name: "x".repeat(254) });
      expect(await directories()).toEqual([`.${"x".repeat(254)}`]);
    });

    it.each([
      "inbox",
      "INBOX",
      ".Inbox",
      "a/b",
      "a\\b",
      "..",
      "a..b",
      ".",
      "",
      " ",
      " a",
      "a\0b",
      "a\nb",
      "new",
      ".cur",
      "report.eml",
      "\ud800",
      "ü".repeat(128),
      "x".repeat(255),
    ])("refuse the name %j before anything is sent (trap 37, INBOX)", async (name) => {
      put(".A/new/1.eml");
      const { folders } = client.store;
      expect((await refusalOf(folders.create({ ...account, name }))).field).toBe("name");
      expect((await refusalOf(folders.rename({ ...account, folder: "A", name }))).field).toBe("name");
      const copy = folders.copy({ ...account, folder: "A", destinationParent: "", newName: name });
      expect((await refusalOf(copy)).field).toBe("newName");
      expect(simulator.requests).toHaveLength(0);
    });

    it("refuse null, which Robin would take for a name (trap 37)", async () => {
      const name = null as unknown as string;
      expect((await refusalOf(client.store.folders.create({ ...account, name }))).field).toBe("name");
      const parent = client.store.folders.create({ ...account, name: "x", parent: name });
      expect((await refusalOf(parent)).field).toBe("parent");
    });

    it("refuse to change the inbox", async () => {
      const { folders } = client.store;
      for (const folder of ["", "inbox", "INBOX"]) {
        const target = { ...account, folder };
        for (const error of await Promise.all(
          [
            folders.rename({ ...target, name: "x" }),
            folders.delete(target),
            folders.copy({ ...target, destinationParent: "" }),
            folders.move({ ...target, destinationParent: "" }),
          ].map(refusalOf),
        ))
          expect(error.field).toBe("folder");
      }
      expect(simulator.requests).toHaveLength(0);
    });

    it("are renamed, copied, moved and deleted with all below", async () => {
      const { folders } = client.store;
      put(".A/.Sub/new/1.eml", ".B/new/2.eml");
      await folders.rename({ ...account, folder: "A", name: "C" });
      await folders.copy({ ...account, folder: "C/Sub", destinationParent: "inbox", newName: "Copy" });
      await folders.copy({ ...account, folder: "C", destinationParent: "B" });
      await folders.move({ ...account, folder: "B/C/Sub", destinationParent: "" });
      expect(files()).toEqual([".B/new/2.eml", ".C/.Sub/new/1.eml", ".Copy/new/1.eml", ".Sub/new/1.eml"]);
      await folders.delete({ ...account, folder: "B/C" });
      expect(await directories(`${home}/.B`)).toEqual(["new"]);
    });

    it("reject with 404 and Robin's words when the folder or the parent is not there, and make none", async () => {
      const { folders } = client.store;
      put(".A/new/1.eml");
      const nope = { ...account, folder: "Nope" };
      for (const error of await Promise.all(
        [
          folders.rename({ ...nope, name: "x" }),
          folders.delete(nope),
          folders.move({ ...nope, destinationParent: "" }),
        ].map(failureOf),
      ))
        expect(error).toMatchObject({ kind: "http", status: 404, detail: "Folder not found." });
      for (const error of await Promise.all(
        [
          folders.copy({ ...nope, destinationParent: "" }),
          folders.create({ ...account, name: "x", parent: "Nope" }),
          folders.copy({ ...account, folder: "A", destinationParent: "Nope" }),
          folders.move({ ...account, folder: "A", destinationParent: "Nope" }),
        ].map(failureOf),
      ))
        expect(error).toMatchObject({ kind: "http", status: 404 });
      expect(await directories()).toEqual([".A"]);
    });

    it("reject with 400 and Robin's words for the rest, a path of the server among them", async () => {
      const { folders } = client.store;
      put(".A/new/1.eml", ".B/new/2.eml");
      const taken = await failureOf(folders.rename({ ...account, folder: "A", name: "B" }));
      expect(taken).toMatchObject({ status: 400, endpoint: "/store/{domain}/{user}/folders/{folder}" });
      expect(taken.detail).toMatch(/\/example\.com\/tony\/\.B$/);
      expect(taken.message).not.toContain("tony");
      expect(await failureOf(folders.delete({ ...account, folder: "A" }))).toMatchObject({
        status: 400,
        detail: "Folder is not empty.",
      });
      const intoItself = folders.move({ ...account, folder: "A", destinationParent: "A" });
      expect(await failureOf(intoItself)).toMatchObject({ status: 400 });
    });

    it("are never tried twice", async () => {
      simulator.faults.set({ port: "client", route: "/store", fault: { kind: "reset" } });
      const call = client.store.folders.delete({ ...account, folder: "A" });
      expect(await failureOf(call)).toMatchObject({ kind: "network" });
      expect(simulator.requests).toHaveLength(1);
    });
  });

  describe("messages", () => {
    const messages = () => client.store.messages;

    it("move, each once, and become unread (trap 35)", async () => {
      put("cur/1.eml", "new/2.eml", ".To/cur/x.eml");
      const input = { ...account, fromFolder: "inbox", toFolder: "To", messageIds: ["1.eml", "2.eml", "1.eml"] };
      expect(await messages().move(input)).toEqual({ count: 2 });
      expect(files()).toEqual([".To/cur/x.eml", ".To/new/1.eml", ".To/new/2.eml"]);
      expect(JSON.parse(String(mutations()[0]?.body))).toEqual({
        fromFolder: "",
        toFolder: "To",
        messageIds: ["1.eml", "2.eml"],
      });
    });

    it("move out of the named folder only, though Robin would search all of them (trap 35)", async () => {
      put(".From/new/1.eml", ".Other/new/2.eml", ".To/new/x.eml");
      const input = { ...account, fromFolder: "From", toFolder: "To", messageIds: ["1.eml", "2.eml", "3.eml"] };
      expect(await messages().move(input)).toEqual({ count: 1 });
      expect(files()).toContain(".Other/new/2.eml");
      expect(await messages().move(input)).toEqual({ count: 0 });
      expect(mutations()).toHaveLength(1);
    });

    it.each(["Projects/2026", "inbox/Projects/2026", "INBOX/inbox/.Projects/2026"])(
      "are found in %s, as Robin reads it",
      async (folder) => {
        put(".Projects/.2026/new/1.eml");
        expect(await messages().markAllRead({ ...account, folder })).toEqual({ count: 1 });
        expect(await client.store.folderProperties({ ...account, folder })).toMatchObject({ total: 1, unread: 0 });
        expect(await messages().delete({ ...account, folder, messageIds: ["1.eml"] })).toEqual({ count: 1 });
        expect(await messages().markAllRead({ ...account, folder: "inbox/inbox" })).toEqual({ count: 0 });
      },
    );

    it("refuse to move within a folder", async () => {
      const call = messages().move({ ...account, fromFolder: "", toFolder: "INBOX", messageIds: [] });
      expect((await refusalOf(call)).field).toBe("toFolder");
    });

    it("are marked read and unread, one by one and all", async () => {
      put("new/1.eml", "new/2.eml", "new/3.eml");
      const input = { ...account, folder: "", messageIds: ["1.eml", "nope.eml"] };
      expect(await messages().setReadStatus({ ...input, read: true })).toEqual({ count: 1 });
      expect(files()).toEqual(["cur/1.eml", "new/2.eml", "new/3.eml"]);
      expect(await messages().setReadStatus({ ...input, read: false })).toEqual({ count: 1 });
      expect(await messages().markAllRead({ ...account, folder: "" })).toEqual({ count: 3 });
      expect(files()).toEqual(["cur/1.eml", "cur/2.eml", "cur/3.eml"]);
    });

    it("reject with 404 when the folder or the account is not there, where Robin would make it", async () => {
      put("new/1.eml", "literal/new/2.eml");
      const ids = { messageIds: ["1.eml"] };
      for (const folder of ["Nope", "literal"]) {
        const nope = { ...account, folder };
        for (const error of await Promise.all(
          [
            messages().setReadStatus({ ...nope, ...ids, read: true }),
            messages().markAllRead(nope),
            messages().deleteAll(nope),
            messages().cleanup({ ...nope, months: 3 }),
            messages().delete({ ...nope, ...ids }),
            messages().move({ ...account, ...ids, fromFolder: folder, toFolder: "" }),
            messages().move({ ...account, ...ids, fromFolder: "", toFolder: folder }),
          ].map(failureOf),
        ))
          expect(error).toMatchObject({ kind: "http", status: 404 });
      }
      const stranger = messages().markAllRead({ ...account, user: "nobody", folder: "" });
      expect(await failureOf(stranger)).toMatchObject({ status: 404 });
      expect(mutations()).toHaveLength(0);
    });

    it("are all deleted in one folder, not below", async () => {
      put("1.eml", "new/2.eml", "cur/3.eml", ".Sub/new/4.eml");
      expect(await messages().deleteAll({ ...account, folder: "" })).toEqual({ count: 3 });
      expect(files()).toEqual([".Sub/new/4.eml"]);
    });

    it("are deleted one by one, although Robin has no route for it, and nothing else is", async () => {
      put("new/1.eml", "cur/2.eml", "new/3.eml", ".Other/new/1.eml", ".Drafts/new/2.eml");
      const input = { ...account, folder: "", messageIds: ["1.eml", "2.eml", "4.eml"] };
      expect(await messages().delete(input)).toEqual({ count: 2 });
      expect(files()).toEqual([".Drafts/new/2.eml", ".Other/new/1.eml", "new/3.eml"]);
      expect(await directories()).toEqual([".Drafts", ".Other", "cur", "new"]);
      expect(await messages().delete(input)).toEqual({ count: 0 });
    });

    it.each(["/store/example.com/tony/messages/move", "/store/example.com/tony/messages/delete-all"])(
      "are all there, and nothing else, when %s fails while some are deleted",
      async (route) => {
        put("new/1.eml", "new/2.eml", ".Other/cur/1.eml");
        const fault = { kind: "status", status: 500 } as const;
        simulator.faults.set({ port: "client", route, fault, times: 1 });
        const call = messages().delete({ ...account, folder: "", messageIds: ["1.eml"] });
        expect(await failureOf(call)).toMatchObject({ status: 500 });
        expect(files()).toEqual([".Other/cur/1.eml", "new/1.eml", "new/2.eml"]);
        expect(await directories()).toEqual([".Other", "new"]);
      },
    );

    it("are deleted also when the folder made for it cannot be removed", async () => {
      put("new/1.eml");
      const fault = { kind: "status", status: 500 } as const;
      simulator.faults.set({ port: "client", route: "/store", method: "DELETE", fault });
      const call = messages().delete({ ...account, folder: "", messageIds: ["1.eml"] });
      expect(await call).toEqual({ count: 1 });
      expect(files()).toEqual([]);
    });

    it("are cleaned up by age, every folder of the account only when that is said (trap 35)", async () => {
      const old = new Date("2026-08-23T11:59:59Z");
      for (const path of [".A/new/old.eml", ".Drafts/new/old.eml", "cur/old.eml"])
        simulator.store.put(`${home}/${path}`, "", old);
      put(".A/new/young.eml");
      expect(await messages().cleanup({ ...account, folder: "A", months: 3 })).toEqual({ count: 1 });
      for (const folder of ["", "inbox"]) {
        const call = messages().cleanup({ ...account, folder, months: 3 });
        expect((await refusalOf(call)).field).toBe("everyFolder");
      }
      const all = { ...account, folder: "", months: 3, everyFolder: true } as const;
      expect(await messages().cleanup(all)).toEqual({ count: 2 });
      expect(files()).toEqual([".A/new/young.eml"]);
      for (const months of [-1, 1.5, Number.NaN])
        expect((await refusalOf(messages().cleanup({ ...all, months }))).field).toBe("months");
    });

    it.each(["a/b.eml", "..", "a..b.eml", "", "x.txt", "a\0.eml", "a\\b.eml", null])(
      "refuse the id %j before anything is sent",
      async (id) => {
        const messageIds = ["1.eml", id] as string[];
        const call = messages().move({ ...account, fromFolder: "", toFolder: "To", messageIds });
        expect((await refusalOf(call)).field).toBe("messageIds.1");
        expect(simulator.requests).toHaveLength(0);
      },
    );
  });

  describe("what only looks like an account", () => {
    it.each(["queue", "tmp"])("is not changed: Robin's own folder %s beside the domains", async (domain) => {
      const robins = { domain, user: "x" };
      const { folders, messages, drafts } = client.store;
      simulator.store.put(`${domain}/x/new/1.eml`, "x");
      const calls = [
        folders.create({ ...robins, name: "A" }),
        folders.delete({ ...robins, folder: "A" }),
        messages.deleteAll({ ...robins, folder: "" }),
        drafts.create({ ...robins, draft: {} }),
      ];
      for (const refusal of await Promise.all(calls.map(refusalOf))) expect(refusal.field).toBe("domain");
      expect(mutations()).toHaveLength(0);
    });

    it.each(["new", "cur"])("is not taken for a directory of mails: the inbox of %s@example.com", async (user) => {
      const odd = { domain: "example.com", user };
      for (const leaf of ["new", "cur"]) simulator.store.put(`example.com/${leaf}/new/1.eml`, "x");
      const { messages, folders } = client.store;
      const messageIds = ["1.eml"];
      const calls = ["", "inbox", "inbox/Inbox"].flatMap((folder) => [
        messages.markAllRead({ ...odd, folder }),
        messages.deleteAll({ ...odd, folder }),
        messages.cleanup({ ...odd, folder, months: 0, everyFolder: true }),
        messages.setReadStatus({ ...odd, folder, messageIds, read: true }),
        messages.delete({ ...odd, folder, messageIds }),
        messages.move({ ...odd, fromFolder: folder, toFolder: "A", messageIds }),
      ]);
      for (const refusal of await Promise.all(calls.map(refusalOf))) expect(refusal.field).toBe("user");
      expect(mutations()).toHaveLength(0);
      await folders.create({ ...odd, name: "A" });
      expect(await messages.markAllRead({ ...odd, folder: "A" })).toEqual({ count: 0 });
    });
  });

  describe("drafts", () => {
    const drafts = () => client.store.drafts;
    const read = (path: string) => simulator.store.read(`${home}/.Drafts/${path}`)?.toString("latin1");

    it("are finished messages, byte for byte, empty ones too", async () => {
      const message = Buffer.from([0xff, 0x0d, 0x0a, 0x2d, 0x2d]);
      const { draftId } = await drafts().create({ ...account, draft: { message } });
      expect(read(`new/${draftId}`)).toBe(message.toString("latin1"));
      expect(await drafts().update({ ...account, draftId, draft: { message: Buffer.alloc(0) } })).toEqual({ draftId });
      expect(read(`new/${draftId}`)).toBe("");
      expect(await client.store.messageText({ path: `${home}/.Drafts/new/${draftId}` })).toMatchObject({ text: "" });
    });

    it("are composed from the fields that are there", async () => {
      const draft = { from: "a@b.c", subject: "Grüße", text: "line 1\r\nline 2" };
      const { draftId } = await drafts().create({ ...account, draft });
      expect(simulator.store.read(`${home}/.Drafts/new/${draftId}`)?.toString()).toBe(
        "From: a@b.c\r\nSubject: Grüße\r\n\r\nline 1\r\nline 2",
      );
      await drafts().update({ ...account, draftId, draft: { to: "x@y.z" } });
      expect(read(`new/${draftId}`)).toBe("To: x@y.z\r\n\r\n");
      await drafts().create({ ...account, draft: {} });
    });

    it.each([{ subject: "a\r\nBcc: x@y.z" }, { from: null }, { message: Buffer.alloc(0), text: "x" }, null])(
      "refuse %j, which would forge a header or write null (trap 37)",
      async (draft) => {
        const call = drafts().create({ ...account, draft: draft as { text: string } });
        expect((await refusalOf(call)).field).toMatch(/^draft/);
        expect(simulator.requests).toHaveLength(0);
      },
    );

    it("are updated under a new id and deleted without being there, as Robin has it (trap 36)", async () => {
      const draftId = "mine+1.eml";
      expect(await drafts().update({ ...account, draftId, draft: { text: "x" } })).toEqual({ draftId });
      expect(files()).toEqual([".Drafts/new/mine+1.eml"]);
      await drafts().delete({ ...account, draftId });
      await drafts().delete({ ...account, draftId });
      expect(files()).toEqual([]);
    });

    it.each(["attachments", "new", "cur", "x.txt", "a/b.eml", "a..b.eml", "\0.eml", "."])(
      "refuse the id %j",
      async (draftId) => {
        expect((await refusalOf(drafts().delete({ ...account, draftId }))).field).toBe("draftId");
        const call = drafts().removeAttachment({ ...account, draftId: "d.eml", attachmentId: draftId });
        expect((await refusalOf(call)).field).toBe("attachmentId");
      },
    );

    it("keep attachments beside them, of any bytes and name (trap 36)", async () => {
      const draftId = "d.eml";
      const content = Buffer.from('--b\r\nname="file"\r\n\r\nx\r\n--b--');
      expect(await drafts().listAttachments({ ...account, draftId })).toEqual([]);
      const input = { ...account, draftId, filename: "Größe & 50%+1.pdf", content };
      const { attachmentId } = await drafts().addAttachment(input);
      expect(attachmentId).toMatch(/^att-[0-9a-f-]{36}-Größe & 50%\+1\.pdf\.eml$/);
      const [entry] = await drafts().listAttachments({ ...account, draftId });
      expect(entry).toMatchObject({ type: "message", name: attachmentId, sizeBytes: content.length });
      expect(await client.store.messageBytes({ path: entry?.path ?? "" })).toEqual(content);
      await drafts().removeAttachment({ ...account, draftId, attachmentId });
      await drafts().removeAttachment({ ...account, draftId, attachmentId });
      expect(await drafts().listAttachments({ ...account, draftId })).toEqual([]);
    });

    it("keep an attachment that is a mail by its whole name", async () => {
      for (const filename of ["mail.eml", "MAIL.EML"]) {
        const input = { ...account, draftId: "d.eml", filename, content: Buffer.alloc(0) };
        expect((await drafts().addAttachment(input)).attachmentId).toMatch(new RegExp(`^att-.{36}-${filename}\\.eml$`));
      }
    });

    it("take 25 MB", async () => {
      const content = Buffer.alloc(25 * 1024 * 1024, "x");
      await drafts().addAttachment({ ...account, draftId: "d.eml", filename: "big.bin", content });
      const [entry] = await drafts().listAttachments({ ...account, draftId: "d.eml" });
      expect(entry).toMatchObject({ sizeBytes: content.length });
      expect(simulator.requests[0]?.headers.connection).toBe("close");
    });

    it.each(["a/b", "..", " a", "", "a\0b", "x".repeat(211)])("refuse the attachment name %j", async (filename) => {
      const call = drafts().addAttachment({ ...account, draftId: "d.eml", filename, content: Buffer.alloc(0) });
      expect((await refusalOf(call)).field).toBe("filename");
    });

    it("reject when the listing of attachments fails otherwise than with 404", async () => {
      simulator.faults.set({ port: "client", route: "/store", fault: { kind: "status", status: 500 }, times: 1 });
      const call = drafts().listAttachments({ ...account, draftId: "d.eml" });
      expect(await failureOf(call)).toMatchObject({ status: 500 });
    });
  });
});
