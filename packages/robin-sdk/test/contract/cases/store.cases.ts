import { buffer } from "node:stream/consumers";
import { expect } from "vitest";
import { StoreDirectory } from "../../../src/index.ts";
import { expectRefusal, expectStatus, mail } from "../expectations.ts";
import type { ContractCase } from "../robin.ts";
import { storeChangesCases } from "./store-changes.cases.ts";
import { cleanAccount, fill, idsIn } from "./store-mail.ts";

const readingCases: ContractCase[] = [
  {
    name: "trap 38: list shows the accounts' domains beside Robin's own folders, and the way down, never up",
    async run(context) {
      const { client, account } = context;
      await fill(context, 1);
      const root = await client.store.list({ path: "" });
      expect(StoreDirectory.parse(root)).toEqual(root);
      expect(root.path).toBe("");
      expect(root.entries).toContainEqual({ type: "directory", name: account.domain, path: account.domain });
      const domain = await client.store.list({ path: `/${account.domain}/` });
      const path = `${account.domain}/${account.user}`;
      expect(domain.entries).toContainEqual({ type: "directory", name: account.user, path });
      expect(domain.entries.some(({ name }) => name === "..")).toBe(false);
    },
  },
  {
    name: "trap 34: listing paths are literal (.Projects), mutation paths are normalised (Projects)",
    async run(context) {
      const { client, account } = context;
      const { domain, user } = account;
      const [id] = await fill(context, 1);
      const { entries } = await client.store.list({ path: `${domain}/${user}/.Work/new` });
      const path = `${domain}/${user}/.Work/new/${id}`;
      expect(entries).toEqual([{ type: "message", name: id, path, sizeBytes: mail("mail 0").byteLength }]);
      await expectStatus(client.store.list({ path: `${domain}/${user}/Work` }), 404);
      expect(await client.store.folderProperties({ ...account, folder: "Work" })).toMatchObject({ total: 1 });
    },
  },
  {
    name: "trap 3: path segments under /store are decoded twice: every character of a name arrives",
    async run(context) {
      const { client, account } = context;
      cleanAccount(context);
      const name = "100%25 a+b ü&?#=;'\"<x>";
      await client.store.folders.create({ ...account, name });
      const { entries } = await client.store.list({ path: `${account.domain}/${account.user}` });
      expect(entries.map((entry) => entry.name)).toEqual([`.${name}`]);
      expect((await client.store.list({ path: entries[0]?.path ?? "" })).entries).toHaveLength(3);
      expect(await client.store.folderProperties({ ...account, folder: name })).toEqual({
        sizeBytes: 0,
        unread: 0,
        total: 0,
      });
    },
  },
  {
    name: "a mail is its bytes, its text, or a stream of its bytes",
    async run(context) {
      const { client, account } = context;
      const [id = ""] = await fill(context, 1);
      const path = `${account.domain}/${account.user}/.Work/new/${id}`;
      const bytes = mail("mail 0");
      expect(await client.store.messageBytes({ path })).toEqual(bytes);
      expect(await client.store.messageText({ path })).toEqual({
        text: bytes.toString("utf8"),
        charset: "utf-8",
        sizeBytes: bytes.byteLength,
      });
      const stream = await client.store.openMessage({ path });
      expect(stream.sizeBytes).toBe(bytes.byteLength);
      expect(await buffer(stream.body)).toEqual(bytes);
    },
  },
  {
    name: "trap 33: a non-UTF-8 message does not drop the connection: it is asked for as text and decoded here",
    async run(context) {
      const { client, account } = context;
      cleanAccount(context);
      const message = mail("Gr\u00fc\u00dfe", "\u00e4\u00f6\u0080");
      const { draftId } = await client.store.drafts.create({ ...account, draft: { message } });
      const path = `${account.domain}/${account.user}/.Drafts/new/${draftId}`;
      expect(await client.store.messageBytes({ path })).toEqual(message);
      const { text, charset } = await client.store.messageText({ path });
      expect(text).toContain("Subject: Grüße");
      expect(charset).toBe("windows-1252");
    },
  },
  {
    name: "an empty mail has no bytes",
    async run(context) {
      const { client, account } = context;
      cleanAccount(context);
      const { draftId } = await client.store.drafts.create({ ...account, draft: { message: Buffer.alloc(0) } });
      const path = `${account.domain}/${account.user}/.Drafts/new/${draftId}`;
      expect(await client.store.messageBytes({ path })).toEqual(Buffer.alloc(0));
      expect(await buffer((await client.store.openMessage({ path })).body)).toEqual(Buffer.alloc(0));
    },
  },
  {
    name: "what is not there is 404 with Robin's words",
    async run({ client, account }) {
      const path = `${account.domain}/${account.user}`;
      expect((await expectStatus(client.store.list({ path }), 404)).detail).toBe("Not Found");
      await expectStatus(client.store.messageBytes({ path: `${path}/new/1.eml` }), 404);
      await expectStatus(client.store.messageText({ path: `${path}/new/1.eml` }), 404);
      await expectStatus(client.store.openMessage({ path: `${path}/new/1.eml` }), 404);
      const folder = client.store.folderProperties({ ...account, folder: "Nope" });
      expect((await expectStatus(folder, 404)).detail).toBe("Folder not found.");
    },
  },
  {
    name: "trap 37: any .. in a path or name is 403: the SDK refuses it, and null, before anything is sent",
    async run({ client, account }) {
      await expectRefusal(client.store.list({ path: "a/../b" }), "path");
      await expectRefusal(client.store.list({ path: "a..b" }), "path");
      await expectRefusal(client.store.messageBytes({ path: "a/b..eml" }), "path");
      await expectRefusal(client.store.folders.create({ ...account, name: ".." }), "name");
      const name = null as unknown as string;
      await expectRefusal(client.store.folders.create({ ...account, name }), "name");
    },
  },
  {
    name: "properties count unread and read mails of one folder, not of those below",
    async run(context) {
      const { client, account } = context;
      const ids = await fill(context, 2);
      await client.store.folders.create({ ...account, name: "Below", parent: "Work" });
      await client.store.messages.setReadStatus({
        ...account,
        folder: "Work",
        read: true,
        messageIds: ids.slice(0, 1),
      });
      const sizeBytes = 2 * mail("mail 0").byteLength;
      const work = await client.store.folderProperties({ ...account, folder: "Work" });
      expect(work).toEqual({ sizeBytes, unread: 1, total: 2 });
      expect(await client.store.folderProperties({ ...account, folder: "inbox" })).toMatchObject({ total: 0 });
      expect(await idsIn(context, ".Work", "cur")).toEqual(ids.slice(0, 1));
    },
  },
  {
    name: "401 is an http error for reads and changes",
    needs: ["credentials"],
    async run({ stranger, account }) {
      await expectStatus(stranger.store.list({ path: "" }), 401);
      await expectStatus(stranger.store.openMessage({ path: "a/b.eml" }), 401);
      await expectStatus(stranger.store.folderProperties({ ...account, folder: "" }), 401);
      await expectStatus(stranger.store.folders.create({ ...account, name: "x" }), 401);
      await expectStatus(stranger.store.drafts.create({ ...account, draft: {} }), 401);
    },
  },
];

export const storeCases: ContractCase[] = [...readingCases, ...storeChangesCases];
