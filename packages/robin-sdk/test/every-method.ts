import { collect } from "./contract/robin.ts";
import type { RobinClient } from "../src/index.ts";

const account = { domain: "example.com", user: "tony" };
const folder = "Work";
const place = { ...account, folder };
const ids = { ...place, messageIds: ["1.eml"] };
const move = { ...account, fromFolder: folder, toFolder: "Done", messageIds: ["1.eml"] };
const draft = { ...account, draftId: "draft-1.eml" };
const file = { path: "example.com/tony/new/1.eml" };
const envelope = { mail: "a@example.com", rcpt: ["b@example.com"], subject: "Hi", message: "Body" };
const robinCase = { case: { envelopes: [envelope] } };
const upload = { mail: "a@example.com", rcpt: ["b@example.com"], message: Buffer.from("Subject: Hi\r\n\r\nBody\r\n") };
const uids = { uids: ["1"] };

type Call = (client: RobinClient) => Promise<unknown>;

/** What both stores can do to folders and mails. */
const shared = (name: "store" | "mailboxes"): Record<string, Call> => ({
  [`${name}.folderProperties`]: (client) => client[name].folderProperties(place),
  [`${name}.folders.create`]: (client) => client[name].folders.create({ ...account, name: folder }),
  [`${name}.folders.rename`]: (client) => client[name].folders.rename({ ...place, name: "Done" }),
  [`${name}.folders.delete`]: (client) => client[name].folders.delete(place),
  [`${name}.folders.copy`]: (client) => client[name].folders.copy({ ...place, destinationParent: "" }),
  [`${name}.folders.move`]: (client) => client[name].folders.move({ ...place, destinationParent: "" }),
  [`${name}.messages.move`]: (client) => client[name].messages.move(move),
  [`${name}.messages.setReadStatus`]: (client) => client[name].messages.setReadStatus({ ...ids, read: true }),
  [`${name}.messages.markAllRead`]: (client) => client[name].messages.markAllRead(place),
  [`${name}.messages.deleteAll`]: (client) => client[name].messages.deleteAll(place),
  [`${name}.messages.cleanup`]: (client) => client[name].messages.cleanup({ ...place, months: 0 }),
  [`${name}.messages.delete`]: (client) => client[name].messages.delete(ids),
});

/** One call of each method of the SDK, by its name, with arguments that Robin understands. */
export const everyMethod: Readonly<Record<string, Call>> = {
  "queue.list": ({ queue }) => queue.list(),
  "queue.delete": ({ queue }) => queue.delete(uids),
  "queue.retry": ({ queue }) => queue.retry(uids),
  "queue.bounce": ({ queue }) => queue.bounce(uids),
  "queue.enqueue": ({ queue }) => queue.enqueue(robinCase),
  "queue.enqueueRaw": ({ queue }) => queue.enqueueRaw(upload),
  "queue.enqueueMultipart": ({ queue }) => queue.enqueueMultipart(upload),
  "health.client": ({ health }) => health.client(),
  "health.service": ({ health }) => health.service(),
  "users.list": ({ users }) => users.list(),
  "users.exists": ({ users }) => users.exists({ username: "tony@example.com" }),
  "users.authenticate": ({ users }) => users.authenticate({ username: "tony@example.com", password: "x" }),
  "config.sections": ({ config }) => config.sections(),
  "config.reload": ({ config }) => config.reload(),
  "config.syncStatus": ({ config }) => config.syncStatus(),
  "metrics.read": ({ metrics }) => metrics.read(),
  "system.env": ({ system }) => system.env(),
  "system.properties": ({ system }) => system.properties(),
  "system.threads": ({ system }) => system.threads(),
  "logs.search": ({ logs }) => collect(logs.search({ query: "x" })),
  "send.deliver": ({ send }) => send.deliver(robinCase),
  "send.deliverRaw": ({ send }) => send.deliverRaw(upload),
  "send.deliverMultipart": ({ send }) => send.deliverMultipart(upload),
  "store.list": ({ store }) => store.list({ path: "example.com" }),
  "store.openMessage": ({ store }) => store.openMessage(file),
  "store.messageBytes": ({ store }) => store.messageBytes(file),
  "store.messageText": ({ store }) => store.messageText(file),
  ...shared("store"),
  "store.drafts.create": ({ store }) => store.drafts.create({ ...account, draft: { text: "Hi" } }),
  "store.drafts.update": ({ store }) => store.drafts.update({ ...draft, draft: { text: "Hi" } }),
  "store.drafts.delete": ({ store }) => store.drafts.delete(draft),
  "store.drafts.addAttachment": ({ store }) =>
    store.drafts.addAttachment({ ...draft, filename: "x.pdf", content: Buffer.from("x") }),
  "store.drafts.removeAttachment": ({ store }) =>
    store.drafts.removeAttachment({ ...draft, attachmentId: "att-x.eml" }),
  "store.drafts.listAttachments": ({ store }) => store.drafts.listAttachments(draft),
  "mailboxes.view": ({ mailboxes }) => mailboxes.view(account),
  "mailboxes.folder": ({ mailboxes }) => mailboxes.folder(place),
  "mailboxes.message": ({ mailboxes }) => mailboxes.message({ ...account, messageId: "msg-1.eml" }),
  ...shared("mailboxes"),
};
