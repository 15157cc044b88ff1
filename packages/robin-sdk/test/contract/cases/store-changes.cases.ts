import { expect } from "vitest";
import { expectRefusal, expectStatus, mail } from "../expectations.ts";
import type { CaseContext, ContractCase } from "../robin.ts";
import { cleanAccount, fill, idsIn } from "./store-mail.ts";

const folderCases: ContractCase[] = [
  {
    name: "folders are created, again without harm, renamed, copied, moved and deleted with all below",
    async run(context) {
      const { client, account } = context;
      const { folders } = client.store;
      const ids = await fill(context, 1);
      await folders.create({ ...account, name: "Work" });
      await folders.create({ ...account, name: "2026", parent: "Work" });
      await folders.rename({ ...account, folder: "Work/2026", name: "2027" });
      expect(await folderNames(context, ".Work")).toEqual([".2027"]);
      await folders.copy({ ...account, folder: "Work", destinationParent: "", newName: "Copy" });
      expect(await idsIn(context, ".Copy", "new")).toEqual(ids);
      expect(await folderNames(context, ".Copy")).toEqual([".2027"]);
      await folders.move({ ...account, folder: "Copy/2027", destinationParent: "" });
      expect(await folderNames(context, ".Copy")).toEqual([]);
      expect(await folderNames(context)).toEqual([".2027", ".Copy", ".Drafts", ".Work"]);
      await folders.delete({ ...account, folder: "2027" });
      expect(await folderNames(context)).toEqual([".Copy", ".Drafts", ".Work"]);
    },
  },
  {
    name: "400 while there is mail below, onto a taken name, into itself; the inbox cannot be changed",
    async run(context) {
      const { client, account } = context;
      const { folders } = client.store;
      await fill(context, 1);
      await folders.create({ ...account, name: "Other" });
      const full = await expectStatus(folders.delete({ ...account, folder: "Work" }), 400);
      expect(full.detail).toBe("Folder is not empty.");
      await expectStatus(folders.rename({ ...account, folder: "Other", name: "Work" }), 400);
      await expectStatus(folders.move({ ...account, folder: "Work", destinationParent: "Work" }), 400);
      await expectRefusal(folders.delete({ ...account, folder: "inbox" }), "folder");
      await expectRefusal(folders.create({ ...account, name: "INBOX" }), "name");
    },
  },
  {
    name: "404 for a folder or a parent that is not there, and none is made",
    async run(context) {
      const { client, account } = context;
      const { folders } = client.store;
      cleanAccount(context);
      await folders.create({ ...account, name: "Work" });
      const folder = "Nope";
      for (const call of [
        () => folders.create({ ...account, name: "x", parent: folder }),
        () => folders.rename({ ...account, folder, name: "x" }),
        () => folders.delete({ ...account, folder }),
        () => folders.copy({ ...account, folder, destinationParent: "" }),
        () => folders.copy({ ...account, folder: "Work", destinationParent: folder }),
        () => folders.move({ ...account, folder, destinationParent: "" }),
        () => folders.move({ ...account, folder: "Work", destinationParent: folder }),
      ])
        await expectStatus(call(), 404);
      expect(await folderNames(context)).toEqual([".Work"]);
    },
  },
];

const messageCases: ContractCase[] = [
  {
    name: "trap 35: messages/move always marks unread, and takes mails of the named folder only",
    async run(context) {
      const { client, account } = context;
      const { messages, folders } = client.store;
      const ids = await fill(context, 2);
      await folders.create({ ...account, name: "Done" });
      await messages.markAllRead({ ...account, folder: "Work" });
      expect(await idsIn(context, ".Work", "cur")).toEqual(ids);
      const move = {
        ...account,
        fromFolder: "Work",
        toFolder: "Done",
        messageIds: [ids[0] ?? "", ids[0] ?? "", "no.eml"],
      };
      expect(await messages.move(move)).toEqual({ count: 1 });
      expect(await idsIn(context, ".Done", "new")).toEqual(ids.slice(0, 1));
      expect(await messages.move({ ...move, fromFolder: "Drafts", messageIds: ids })).toEqual({ count: 0 });
      expect(await idsIn(context, ".Work", "cur")).toEqual(ids.slice(1));
    },
  },
  {
    name: "mails are marked read and unread, one by one and all, and only those that change count",
    async run(context) {
      const { client, account } = context;
      const { messages } = client.store;
      const ids = await fill(context, 3);
      const folder = "Work";
      const some = { ...account, folder, messageIds: ids.slice(0, 2) };
      expect(await messages.setReadStatus({ ...some, read: true })).toEqual({ count: 2 });
      expect(await messages.setReadStatus({ ...some, read: true })).toEqual({ count: 0 });
      expect(await messages.markAllRead({ ...account, folder })).toEqual({ count: 1 });
      expect(await messages.setReadStatus({ ...some, read: false })).toEqual({ count: 2 });
      expect(await idsIn(context, ".Work", "new")).toEqual(ids.slice(0, 2));
    },
  },
  {
    name: "trap 35: there is no single-message delete: delete goes by a folder of its own and leaves the rest",
    async run(context) {
      const { client, account } = context;
      const ids = await fill(context, 2);
      const some = { ...account, folder: "Work", messageIds: ids.slice(0, 1) };
      expect(await client.store.messages.delete(some)).toEqual({ count: 1 });
      expect(await client.store.messages.delete(some)).toEqual({ count: 0 });
      expect(await idsIn(context, ".Work", "new")).toEqual(ids.slice(1));
      expect(await folderNames(context)).toEqual([".Drafts", ".Work"]);
    },
  },
  {
    name: "trap 35: cleanup on the inbox wipes old mail in every folder: it must be confirmed",
    async run(context) {
      const { client, account } = context;
      const { messages } = client.store;
      const ids = await fill(context, 2);
      await expectRefusal(messages.cleanup({ ...account, folder: "", months: 0 }), "everyFolder");
      expect(await messages.cleanup({ ...account, folder: "Work", months: 1 })).toEqual({ count: 0 });
      expect(await idsIn(context, ".Work", "new")).toEqual(ids);
      expect(await messages.cleanup({ ...account, folder: "", months: 0, everyFolder: true })).toEqual({ count: 2 });
    },
  },
  {
    name: "deleteAll empties one folder, not those below",
    async run(context) {
      const { client, account } = context;
      const ids = await fill(context, 2);
      await client.store.folders.create({ ...account, name: "Below", parent: "Work" });
      const move = { ...account, fromFolder: "Work", toFolder: "Work/Below", messageIds: ids.slice(0, 1) };
      await client.store.messages.move(move);
      expect(await client.store.messages.deleteAll({ ...account, folder: "Work" })).toEqual({ count: 1 });
      expect(await idsIn(context, ".Work/.Below", "new")).toEqual(ids.slice(0, 1));
    },
  },
  {
    name: "404 where Robin would make the folder",
    async run(context) {
      const { client, account } = context;
      const { messages } = client.store;
      const ids = await fill(context, 1);
      const place = { ...account, folder: "Nope" };
      for (const call of [
        () => messages.move({ ...account, fromFolder: "Work", toFolder: "Nope", messageIds: ids }),
        () => messages.setReadStatus({ ...place, read: true, messageIds: ids }),
        () => messages.markAllRead(place),
        () => messages.deleteAll(place),
        () => messages.cleanup({ ...place, months: 0 }),
        () => messages.delete({ ...place, messageIds: ids }),
      ])
        await expectStatus(call(), 404);
      expect(await folderNames(context)).toEqual([".Drafts", ".Work"]);
    },
  },
];

const draftCases: ContractCase[] = [
  {
    name: "drafts are composed of the fields that are there, and replaced by a finished message, byte for byte",
    async run(context) {
      const { client, account } = context;
      cleanAccount(context);
      const { store } = client;
      const { drafts } = store;
      const { draftId } = await drafts.create({ ...account, draft: { to: "b@x.y", subject: "Grüße", text: "Hi" } });
      const path = `${account.domain}/${account.user}/.Drafts/new/${draftId}`;
      expect((await store.messageText({ path })).text).toMatch(/^To: b@x\.y\r?\nSubject: Grüße\r?\n\r?\nHi/);
      expect(await drafts.update({ ...account, draftId, draft: { message: mail("new") } })).toEqual({ draftId });
      expect(await store.messageBytes({ path })).toEqual(mail("new"));
      await drafts.delete({ ...account, draftId });
      await expectStatus(store.messageBytes({ path }), 404);
    },
  },
  {
    name: "trap 36: deletes of drafts and attachments always succeed",
    async run(context) {
      const { client, account } = context;
      cleanAccount(context);
      const draftId = "draft-nobody.eml";
      await client.store.drafts.delete({ ...account, draftId });
      await client.store.drafts.removeAttachment({ ...account, draftId, attachmentId: "att-x-y.eml" });
      expect(await client.store.drafts.listAttachments({ ...account, draftId })).toEqual([]);
      expect(await folderNames(context)).toEqual([".Drafts"]);
    },
  },
  {
    name: "trap 36: attachment names get .eml appended and are not part of the message",
    async run(context) {
      const { client, account } = context;
      cleanAccount(context);
      const { store } = client;
      const { drafts } = store;
      const { draftId } = await drafts.create({ ...account, draft: { message: mail("x") } });
      const content = Buffer.from([0, 255, 13, 10, 45, 45]);
      const { attachmentId } = await drafts.addAttachment({ ...account, draftId, filename: "a+b 1.pdf", content });
      expect(attachmentId).toMatch(/^att-[0-9a-f-]{36}-a\+b 1\.pdf\.eml$/);
      const [entry, ...others] = await drafts.listAttachments({ ...account, draftId });
      expect(others).toEqual([]);
      expect(entry).toMatchObject({ type: "message", name: attachmentId, sizeBytes: content.byteLength });
      expect(await store.messageBytes({ path: entry?.path ?? "" })).toEqual(content);
      const path = `${account.domain}/${account.user}/.Drafts/new/${draftId}`;
      expect(await store.messageBytes({ path })).toEqual(mail("x"));
      await drafts.removeAttachment({ ...account, draftId, attachmentId });
      expect(await drafts.listAttachments({ ...account, draftId })).toEqual([]);
    },
  },
];

export const storeChangesCases: ContractCase[] = [...folderCases, ...messageCases, ...draftCases];

/** The folders on disk below a directory of the account. */
async function folderNames({ client, account }: CaseContext, directory = ""): Promise<string[]> {
  const path = [account.domain, account.user, directory].filter((part) => part !== "").join("/");
  const { entries } = await client.store.list({ path });
  return entries.flatMap(({ type, name }) => (type === "directory" && name.startsWith(".") ? [name] : []));
}
