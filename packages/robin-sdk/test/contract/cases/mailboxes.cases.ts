import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { Mailbox } from "../../../src/index.ts";
import { expectRefusal, expectStatus } from "../expectations.ts";
import type { CaseContext, ContractCase } from "../robin.ts";

const needs = ["RocksDB"] as const;
const needsMail = ["RocksDB", "local mailboxes"] as const;

/** Mails arrive over SMTP only, which takes plain addresses, and lower case is what a mailbox has. */
const plainAccount = (): CaseContext["account"] => ({ domain: "contract.test", user: `box-${randomUUID()}` });

/** A mailbox of its own with so many mails in its inbox; gives their ids, newest first. */
async function receive(
  context: CaseContext,
  count: number,
): Promise<{ account: CaseContext["account"]; ids: string[] }> {
  const { client, smtpPort, onEnd } = context;
  const account = plainAccount();
  onEnd(async () => {
    await client.store.messages.deleteAll({ ...account, folder: "" });
    await clean(context, account);
  });
  for (let index = 0; index < count; index += 1) {
    const rcpt = [`${account.user}@${account.domain}`];
    const envelopes = [{ mail: "a@contract.test", rcpt, subject: `mail ${index}`, message: "Body" }];
    const sent = await client.send.deliver({ case: { mx: ["127.0.0.1"], port: smtpPort, tls: false, envelopes } });
    expect(sent.delivered).toBe(true);
  }
  const { messages } = await client.mailboxes.view(account);
  expect(messages).toHaveLength(count);
  return { account, ids: messages.map(({ id }) => id) };
}

/** Leaves the two system folders, which cannot be removed. */
async function clean({ client }: CaseContext, account: CaseContext["account"]): Promise<void> {
  const { mailboxes } = client;
  const { folders } = await mailboxes.view(account);
  for (const { path } of folders) await mailboxes.messages.deleteAll({ ...account, folder: path });
  const own = folders.filter(({ isSystem, path }) => !isSystem && !path.includes("/"));
  for (const { path } of own) await mailboxes.folders.delete({ ...account, folder: path });
}

async function paths({ client }: CaseContext, account: CaseContext["account"]): Promise<string[]> {
  return (await client.mailboxes.view(account)).folders.map(({ path }) => path);
}

export const mailboxesCases: ContractCase[] = [
  {
    name: "503 while the store is off, for every route, which is no reason to leave the port alone",
    needs: ["no RocksDB"],
    async run({ client, account }) {
      const { mailboxes } = client;
      for (const call of [
        () => mailboxes.view(account),
        () => mailboxes.folder({ ...account, folder: "" }),
        () => mailboxes.folderProperties({ ...account, folder: "" }),
        () => mailboxes.message({ ...account, messageId: "msg-1.eml" }),
        () => mailboxes.folders.create({ ...account, name: "x" }),
        () => mailboxes.messages.markAllRead({ ...account, folder: "" }),
      ])
        expect((await expectStatus(call(), 503)).detail).toBe("RocksDB storage disabled.");
      expect(client.breakers().client).toBe("closed");
    },
  },
  {
    name: "trap 39: GET creates folders; domain and user are lower-cased",
    needs,
    async run({ client, account }) {
      const view = await client.mailboxes.view({
        domain: account.domain.toUpperCase(),
        user: account.user.toUpperCase(),
      });
      expect(Mailbox.parse(view)).toEqual(view);
      const counts = { total: 0, unread: 0, isSystem: true };
      expect(view).toEqual({
        domain: account.domain,
        user: account.user,
        folders: [
          { path: "Inbox", ...counts },
          { path: "Sent", ...counts },
        ],
        messages: [],
      });
    },
  },
  {
    name: "trap 39: a missing folder is 400 or 200 at Robin, here it is 404, and none is made",
    needs,
    async run(context) {
      const { client, account } = context;
      const { mailboxes } = client;
      const place = { ...account, folder: "Nope" };
      for (const call of [
        () => mailboxes.folder(place),
        () => mailboxes.folderProperties(place),
        () => mailboxes.folders.create({ ...account, name: "x", parent: "Nope" }),
        () => mailboxes.folders.rename({ ...place, name: "x" }),
        () => mailboxes.folders.delete(place),
        () => mailboxes.folders.copy({ ...place, destinationParent: "" }),
        () => mailboxes.folders.move({ ...place, destinationParent: "" }),
        () => mailboxes.messages.setReadStatus({ ...place, read: true, messageIds: [] }),
        () => mailboxes.messages.markAllRead(place),
        () => mailboxes.messages.deleteAll(place),
        () => mailboxes.messages.cleanup({ ...place, months: 0 }),
        () => mailboxes.messages.move({ ...account, fromFolder: "Nope", toFolder: "", messageIds: ["a.eml"] }),
        () => mailboxes.messages.delete({ ...place, messageIds: ["a.eml"] }),
        () => mailboxes.message({ ...account, messageId: "nope.eml" }),
      ])
        await expectStatus(call(), 404);
      expect(await paths(context, account)).toEqual(["Inbox", "Sent"]);
    },
  },
  {
    name: "trap 3: path segments under /store-rocksdb are decoded twice: every character of a name arrives",
    needs,
    async run(context) {
      const { client, account } = context;
      context.onEnd(() => clean(context, account));
      const name = "100%25 a+b ü&?#=;'\"<x>";
      await client.mailboxes.folders.create({ ...account, name });
      expect(await paths(context, account)).toContain(name);
      const properties = await client.mailboxes.folderProperties({ ...account, folder: name });
      expect(properties).toEqual({ folder: name, total: 0, unread: 0, read: 0, sizeBytes: 0 });
    },
  },
  {
    name: "folders are created, renamed, copied, moved and deleted; system folders cannot be changed",
    needs,
    async run(context) {
      const { client, account } = context;
      const { folders } = client.mailboxes;
      context.onEnd(() => clean(context, account));
      await folders.create({ ...account, name: "Work" });
      await folders.create({ ...account, name: "2026", parent: "Work" });
      await folders.rename({ ...account, folder: "Work/2026", name: "2027" });
      await folders.copy({ ...account, folder: "Work", destinationParent: "", newName: "Copy" });
      expect(await paths(context, account)).toEqual(["Copy", "Copy/2027", "Inbox", "Sent", "Work", "Work/2027"]);
      await folders.move({ ...account, folder: "Copy/2027", destinationParent: "" });
      await folders.delete({ ...account, folder: "Copy" });
      expect(await paths(context, account)).toEqual(["2027", "Inbox", "Sent", "Work", "Work/2027"]);
      const sent = await expectStatus(folders.delete({ ...account, folder: "sent" }), 400);
      expect(sent.detail).toBe("Cannot modify system folder.");
      await expectRefusal(folders.delete({ ...account, folder: "inbox" }), "folder");
      await expectRefusal(folders.create({ ...account, name: "INBOX" }), "name");
      await expectRefusal(folders.create({ ...account, name: "SENT" }), "name");
    },
  },
  {
    name: "trap 39: counts follow the state filter, subject/from/to are blank, content is Latin-1 decoded",
    needs: needsMail,
    async run(context) {
      const { client } = context;
      const { mailboxes } = client;
      const { account, ids } = await receive(context, 2);
      const [newest = "", oldest = ""] = ids;
      await mailboxes.messages.setReadStatus({ ...account, folder: "", read: true, messageIds: [oldest] });
      const view = await mailboxes.view({ ...account, state: "unread" });
      expect(view.messages.map(({ id, read, folder }) => [id, read, folder])).toEqual([[newest, false, "Inbox"]]);
      expect(view.folders[0]).toEqual({ path: "Inbox", isSystem: true, total: 1, unread: 1 });
      expect(view.messages[0]).not.toHaveProperty("subject");
      const folder = await mailboxes.folder({ ...account, folder: "INBOX", state: "read" });
      expect(folder.messages.map(({ id }) => id)).toEqual([oldest]);
      expect(folder.properties).toMatchObject({ folder: "Inbox", total: 1, unread: 0, read: 1 });
      const properties = await mailboxes.folderProperties({ ...account, folder: "inbox" });
      expect(properties).toMatchObject({ folder: "Inbox", total: 2, unread: 1, read: 1 });
      const { message, content } = await mailboxes.message({ ...account, messageId: newest });
      expect(message).toEqual(view.messages[0]);
      expect(content.byteLength).toBe(message.sizeBytes);
      expect(content.toString("utf8")).toContain("Subject: mail 1");
    },
  },
  {
    name: "messages move and keep what was read, from the named folder only",
    needs: needsMail,
    async run(context) {
      const { mailboxes } = context.client;
      const { account, ids } = await receive(context, 2);
      await mailboxes.folders.create({ ...account, name: "Work" });
      await mailboxes.messages.markAllRead({ ...account, folder: "" });
      const move = { ...account, fromFolder: "inbox", toFolder: "Work", messageIds: ids.slice(0, 1) };
      expect(await mailboxes.messages.move(move)).toEqual({ count: 1 });
      expect(await mailboxes.messages.move(move)).toEqual({ count: 0 });
      const { messages } = await mailboxes.folder({ ...account, folder: "Work" });
      expect(messages.map(({ id, read }) => [id, read])).toEqual([[ids[0], true]]);
      const full = await expectStatus(mailboxes.folders.delete({ ...account, folder: "Work" }), 400);
      expect(full.detail).toBe("Folder is not empty.");
    },
  },
  {
    name: "messages are marked, counting also those that need not, deleted one by one or all, and cleaned up",
    needs: needsMail,
    async run(context) {
      const { mailboxes } = context.client;
      const { account, ids } = await receive(context, 3);
      const some = { ...account, folder: "", messageIds: ids.slice(0, 2) };
      expect(await mailboxes.messages.setReadStatus({ ...some, read: true })).toEqual({ count: 2 });
      expect(await mailboxes.messages.setReadStatus({ ...some, read: true })).toEqual({ count: 2 });
      expect(await mailboxes.messages.markAllRead({ ...account, folder: "" })).toEqual({ count: 1 });
      expect(await mailboxes.messages.delete({ ...some, messageIds: ids.slice(0, 1) })).toEqual({ count: 1 });
      expect(await paths(context, account)).toEqual(["Inbox", "Sent"]);
      expect(await mailboxes.messages.cleanup({ ...account, folder: "", months: 1 })).toEqual({ count: 0 });
      expect(await mailboxes.messages.cleanup({ ...account, folder: "", months: 0 })).toEqual({ count: 2 });
      expect(await mailboxes.messages.deleteAll({ ...account, folder: "" })).toEqual({ count: 0 });
    },
  },
  {
    name: "401 is an http error",
    needs: ["credentials"],
    async run({ stranger, account }) {
      await expectStatus(stranger.mailboxes.view(account), 401);
      await expectStatus(stranger.mailboxes.folders.create({ ...account, name: "x" }), 401);
    },
  },
];
