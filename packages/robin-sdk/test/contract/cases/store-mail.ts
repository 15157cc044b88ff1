import type { CaseContext } from "../robin.ts";
import { mail } from "../expectations.ts";

/** The file names of all mails in a folder on disk, of all places that Robin keeps them in. */
export async function idsIn(
  { client, account }: CaseContext,
  directory: string,
  leaf: "new" | "cur",
): Promise<string[]> {
  const path = [account.domain, account.user, directory, leaf].filter((part) => part !== "").join("/");
  const { entries } = await client.store.list({ path });
  return entries.flatMap(({ type, name }) => (type === "message" ? [name] : []));
}

/** Makes the folder `Work` with so many unread mails, by way of drafts: nothing else puts mail into a store. */
export async function fill(context: CaseContext, count: number): Promise<string[]> {
  const { client, account } = context;
  cleanAccount(context);
  await client.store.folders.create({ ...account, name: "Work" });
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { draftId } = await client.store.drafts.create({ ...account, draft: { message: mail(`mail ${index}`) } });
    ids.push(draftId);
  }
  await client.store.messages.move({ ...account, fromFolder: "Drafts", toFolder: "Work", messageIds: ids });
  return ids.sort();
}

/** In the end no mail and no folder of the account is left; its empty directory stays, Robin has no route for that. */
export function cleanAccount({ client, account, onEnd }: CaseContext): void {
  onEnd(async () => {
    const { entries } = await client.store.list({ path: `${account.domain}/${account.user}` });
    await client.store.messages.cleanup({ ...account, folder: "", months: 0, everyFolder: true });
    for (const { name } of entries) {
      const folder = name.replace(/^\./, "");
      if (name.startsWith(".") && folder !== "Drafts") await client.store.folders.delete({ ...account, folder });
    }
  });
}
