import { type AppRouter, listProcedures, permissionsOf, type ProcedureInfo, Role } from "@robin/api";
import type { Prisma } from "@robin/db";
import { createApiKey, createUser } from "@robin/db/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeToken } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, testPassword, type TestGateway } from "./harness.ts";

type Features = AppRouter["_def"]["record"];
/** What is watched has tests of its own. */
type Answering<Feature> = {
  [Name in keyof Feature & string]: Feature[Name] extends { _def: { type: "subscription" } } ? never : Name;
}[keyof Feature & string];
type ProcedurePath = { [F in keyof Features]: `${F}.${Answering<Features[F]>}` }[keyof Features];

interface Case {
  /** The least that the procedure takes; it succeeds with it. */
  input: (caller: SignedIn) => Record<string, unknown>;
  /** What a mutation leaves in its audit row. */
  audit?: { action: string; targets: (caller: SignedIn) => string[] | Promise<string[]> };
  withCookie?: true;
}

const queued = "uid-of-the-guard";
const oneItem = (action: string): Case => ({
  input: () => ({ uid: queued }),
  audit: { action, targets: () => [queued] },
});
const manyItems = (action: string): Case => ({
  input: () => ({ uids: [queued] }),
  audit: { action, targets: () => [queued] },
});
const rawMail = Buffer.from("Subject: Hi\r\n\r\n").toString("base64");
const nothing: Case = { input: () => ({}) };

/** The account that is managed; there anew for each test. */
const subject = { id: 900_001, username: "subject@guard.test" };
const keyId = "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71";
const domain = { id: 900_001, name: "guard.test", unicodeName: "guard.test" };
const alias = { id: 900_001, source: "a@guard.test", destinations: ["b@example.com"] };
const blocked = { id: "018f3f3e-7b5e-7c3a-9b1a-1234567890ab", value: "192.0.2.1" };
const bulkRun = {
  id: "018f3f3e-7b5e-7c3a-9b1a-1234567890ac",
  action: "DELETE",
  filter: { domain: "guard.test" },
  total: 1,
  requestedBy: "guard",
} as const;
const recordedItem = {
  uid: "of-the-guard",
  state: "READY",
  protocol: "ESMTP",
  recipients: ["to@guard.test"],
  recipientsHidden: 0,
  domains: ["guard.test"],
  files: [],
  envelopeCount: 1,
  retryCount: 0,
  firstSeenAt: new Date(),
  changedSeq: 1,
} satisfies Prisma.QueueItemCreateInput;
const queueRule = { id: "018f3f3e-7b5e-7c3a-9b1a-1234567890b0", name: "guard" };
const alertRule = { id: "018f3f3e-7b5e-7c3a-9b1a-1234567890ad", name: "guard" };
const webhook = { id: "018f3f3e-7b5e-7c3a-9b1a-1234567890ae", name: "guard" };
const deliveryId = "018f3f3e-7b5e-7c3a-9b1a-1234567890af";
const newcomer = "newcomer@guard.test";
const onSubject = (action: string, fields: Record<string, unknown> = {}): Case => ({
  input: () => ({ id: subject.id, ...fields }),
  audit: { action, targets: () => [subject.username] },
});

/** A mail account with a folder, a mail and a draft in either store; another one for each test. */
const mail = { domain: "guard.test", user: "", address: "", mailboxId: "" };
const draftId = "draft-of-the-guard.eml";
const attachmentId = "att-of-the-guard.txt.eml";
const mailPath = () => `/guard.test/${mail.user}/new/1.eml`;
const ofMail = (fields: Record<string, unknown> = {}): Case => ({
  input: () => ({ domain: mail.domain, user: mail.user, ...fields }),
});
const onMail = (action: string, fields: Record<string, unknown>, targets: string[] = []): Case => ({
  ...ofMail(fields),
  audit: { action, targets: () => [mail.address, ...targets] },
});

const sessionOf = ({ token }: SignedIn) => decodeToken(token).claims.sid as string;

/** Exhaustive: a new procedure does not compile here until it has its case. */
const cases: Record<ProcedurePath, Case> = {
  "aliases.list": nothing,
  "aliases.get": { input: () => ({ id: alias.id }) },
  "aliases.create": {
    input: () => ({ source: "new@guard.test", destinations: ["b@example.com"] }),
    audit: { action: "aliases.create", targets: () => ["new@guard.test"] },
  },
  "aliases.update": {
    input: () => ({ id: alias.id, destinations: ["c@example.com"] }),
    audit: { action: "aliases.update", targets: () => [alias.source] },
  },
  "aliases.delete": {
    input: () => ({ id: alias.id }),
    audit: { action: "aliases.delete", targets: () => [alias.source] },
  },
  "alertRules.list": nothing,
  "alertRules.get": { input: () => ({ id: alertRule.id }) },
  "alertRules.create": {
    input: () => ({ name: "new", kind: "QUEUE_SIZE", threshold: 1 }),
    audit: { action: "alertRules.create", targets: () => ["new"] },
  },
  "alertRules.update": {
    input: () => ({ id: alertRule.id, threshold: 2 }),
    audit: { action: "alertRules.update", targets: () => [alertRule.name] },
  },
  "alertRules.delete": {
    input: () => ({ id: alertRule.id }),
    audit: { action: "alertRules.delete", targets: () => [alertRule.name] },
  },
  "alertWebhooks.list": nothing,
  "alertWebhooks.create": {
    input: () => ({ name: "new", url: "https://hooks.example.com", secret: "s".repeat(16) }),
    audit: { action: "alertWebhooks.create", targets: () => ["new"] },
  },
  "alertWebhooks.update": {
    input: () => ({ id: webhook.id }),
    audit: { action: "alertWebhooks.update", targets: () => [webhook.name] },
  },
  "alertWebhooks.delete": {
    input: () => ({ id: webhook.id }),
    audit: { action: "alertWebhooks.delete", targets: () => [webhook.name] },
  },
  "alertWebhooks.test": {
    input: () => ({ id: webhook.id }),
    audit: { action: "alertWebhooks.test", targets: () => [webhook.name] },
  },
  "alertWebhooks.listDeliveries": nothing,
  "alertWebhooks.redeliver": {
    input: () => ({ id: deliveryId }),
    audit: { action: "alertWebhooks.redeliver", targets: () => [deliveryId] },
  },
  "alerts.list": nothing,
  "alerts.history": nothing,
  "apiKeys.list": nothing,
  "apiKeys.create": {
    input: () => ({ name: "guard", scopes: ["VIEW_QUEUE"] }),
    audit: { action: "apiKeys.create", targets: () => ["guard"] },
  },
  "apiKeys.revoke": {
    input: () => ({ id: keyId }),
    audit: {
      action: "apiKeys.revoke",
      targets: async ({ userId }) => {
        await gateway.db.apiKey.update({ where: { id: keyId }, data: { userId } });
        return [keyId];
      },
    },
  },
  "apiKeys.listOfUser": { input: () => ({ id: subject.id }) },
  "apiKeys.revokeOfUser": {
    input: () => ({ id: subject.id, keyId }),
    audit: { action: "apiKeys.revokeOfUser", targets: () => [subject.username, keyId] },
  },
  "audit.search": nothing,
  "audit.export": nothing,
  "auth.login": {
    input: ({ username }) => ({ username, password: testPassword }),
    audit: { action: "auth.login", targets: ({ username }) => [username] },
  },
  "auth.refresh": { ...nothing, withCookie: true, audit: { action: "auth.refresh", targets: () => [] } },
  "auth.logout": { ...nothing, audit: { action: "auth.logout", targets: (caller) => sessionsOf(caller) } },
  "auth.verify": nothing,
  "auth.me": nothing,
  "auth.changePassword": {
    input: () => ({ currentPassword: testPassword, newPassword: "another long pass phrase" }),
    audit: { action: "auth.changePassword", targets: ({ username }) => [username] },
  },
  "blocklist.list": nothing,
  "blocklist.status": nothing,
  "blocklist.export": nothing,
  "blocklist.get": { input: () => ({ id: blocked.id }) },
  "blocklist.create": {
    input: () => ({ value: "198.51.100.0/24", reason: "guard" }),
    audit: { action: "blocklist.create", targets: () => ["198.51.100.0/24"] },
  },
  "blocklist.update": {
    input: () => ({ id: blocked.id, active: false }),
    audit: { action: "blocklist.update", targets: () => [blocked.value] },
  },
  "blocklist.delete": {
    input: () => ({ id: blocked.id }),
    audit: { action: "blocklist.delete", targets: () => [blocked.value] },
  },
  "blocklist.deleteMany": {
    input: () => ({ ids: [blocked.id] }),
    audit: { action: "blocklist.delete", targets: () => [blocked.value] },
  },
  "blocklist.import": {
    input: () => ({ csv: "value\n203.0.113.7\n" }),
    audit: { action: "blocklist.import", targets: () => ["203.0.113.7"] },
  },
  "blocklist.importFile": {
    input: () => ({ file: Buffer.from("value\n203.0.113.7\n").toString("base64") }),
    audit: { action: "blocklist.import", targets: () => ["203.0.113.7"] },
  },
  "domains.list": nothing,
  "domains.get": { input: () => ({ id: domain.id }) },
  "domains.create": {
    input: () => ({ domain: "new.guard.test" }),
    audit: { action: "domains.create", targets: () => ["new.guard.test"] },
  },
  "domains.delete": {
    input: () => ({ id: domain.id }),
    audit: { action: "domains.delete", targets: () => [domain.name] },
  },
  "config.list": nothing,
  "config.get": { input: () => ({ section: "storage" }) },
  "config.update": {
    input: () => ({ section: "dovecot", document: {} }),
    audit: { action: "config.update", targets: () => ["dovecot"] },
  },
  "config.reload": { ...nothing, audit: { action: "config.reload", targets: () => [] } },
  "config.syncStatus": nothing,
  "diagnostics.env": nothing,
  "diagnostics.properties": nothing,
  "diagnostics.threads": nothing,
  "gateway.status": nothing,
  "gateway.breakers": nothing,
  "gateway.cache": nothing,
  "gateway.clearCache": { ...nothing, audit: { action: "gateway.clearCache", targets: () => [] } },
  "health.aggregate": nothing,
  "jobs.list": nothing,
  "logs.search": nothing,
  "logs.loggers": nothing,
  "logs.export": nothing,
  "mailboxes.view": ofMail(),
  "mailboxes.folder": ofMail({ folder: "inbox" }),
  "mailboxes.folderProperties": ofMail({ folder: "inbox" }),
  "mailboxes.message": { input: () => ({ domain: mail.domain, user: mail.user, messageId: mail.mailboxId }) },
  "mailboxes.raw": { input: () => ({ domain: mail.domain, user: mail.user, messageId: mail.mailboxId }) },
  "mailboxes.createFolder": onMail("mailboxes.createFolder", { name: "New" }, ["New"]),
  "mailboxes.renameFolder": onMail("mailboxes.renameFolder", { folder: "Empty", name: "New" }, ["Empty", "New"]),
  "mailboxes.deleteFolder": onMail("mailboxes.deleteFolder", { folder: "Empty" }, ["Empty"]),
  "mailboxes.copyFolder": onMail("mailboxes.copyFolder", { folder: "Empty", newName: "New" }, ["Empty", "New"]),
  "mailboxes.moveFolder": onMail("mailboxes.moveFolder", { folder: "A/B" }, ["A/B", "B"]),
  "mailboxes.moveMessages": onMail(
    "mailboxes.moveMessages",
    { fromFolder: "inbox", toFolder: "Empty", messageIds: ["1.eml"] },
    ["inbox", "Empty", "1.eml"],
  ),
  "mailboxes.setReadStatus": onMail("mailboxes.setReadStatus", { folder: "inbox", messageIds: ["1.eml"], read: true }, [
    "inbox",
    "1.eml",
  ]),
  "mailboxes.markAllRead": onMail("mailboxes.markAllRead", { folder: "inbox" }, ["inbox"]),
  "mailboxes.deleteMessages": onMail("mailboxes.deleteMessages", { folder: "inbox", messageIds: ["1.eml"] }, [
    "inbox",
    "1.eml",
  ]),
  "mailboxes.deleteAllMessages": onMail("mailboxes.deleteAllMessages", { folder: "inbox" }, ["inbox"]),
  "mailboxes.cleanUp": onMail("mailboxes.cleanUp", { folder: "A", months: 3 }, ["A"]),
  "mail.send": {
    input: () => ({ from: "a@example.com", to: ["b@example.com"] }),
    audit: { action: "mail.send", targets: () => ["b@example.com"] },
  },
  "mail.sendRaw": {
    input: () => ({ mail: "a@example.com", rcpt: "b@example.com", message: rawMail }),
    audit: { action: "mail.send", targets: () => ["b@example.com"] },
  },
  "mailUsers.list": nothing,
  "mailUsers.exists": { input: () => ({ username: "tony@example.com" }) },
  "mailUsers.authenticate": {
    input: () => ({ username: "tony@example.com", password: "stark" }),
    audit: { action: "mailUsers.authenticate", targets: () => ["tony@example.com"] },
  },
  "metrics.series": nothing,
  "metrics.system": nothing,
  "metrics.queue": nothing,
  "metrics.export": nothing,
  "metrics.get": { input: () => ({ metric: "CPU_USAGE" }) },
  "queue.list": nothing,
  "queue.listForUi": nothing,
  "queue.history": nothing,
  "queue.item": { input: () => ({ uid: recordedItem.uid }) },
  "queue.enqueue": {
    input: () => ({ from: "a@example.com", to: ["b@example.com"] }),
    audit: { action: "queue.enqueue", targets: () => ["b@example.com"] },
  },
  "queue.enqueueRaw": {
    input: () => ({ mail: "a@example.com", rcpt: "b@example.com", message: rawMail }),
    audit: { action: "queue.enqueue", targets: () => ["b@example.com"] },
  },
  "queue.bulk": {
    input: () => ({ action: "retry", all: true }),
    audit: { action: "queue.bulk", targets: () => ["retry", "{}"] },
  },
  "queue.listBulk": nothing,
  "queue.getBulk": { input: () => ({ id: bulkRun.id }) },
  "queue.cancelBulk": {
    input: () => ({ id: bulkRun.id }),
    audit: { action: "queue.cancelBulk", targets: () => [bulkRun.id] },
  },
  "queueRules.list": nothing,
  "queueRules.get": { input: () => ({ id: queueRule.id }) },
  "queueRules.preview": { input: () => ({ id: queueRule.id }) },
  "queueRules.create": {
    input: () => ({ name: "new", action: "retry", filter: { domain: "guard.test" } }),
    audit: { action: "queueRules.create", targets: () => ["new", "retry", '{"domain":"guard.test"}'] },
  },
  "queueRules.update": {
    input: () => ({ id: queueRule.id }),
    audit: { action: "queueRules.update", targets: () => [queueRule.name] },
  },
  "queueRules.delete": {
    input: () => ({ id: queueRule.id }),
    audit: { action: "queueRules.delete", targets: () => [queueRule.name] },
  },
  "queue.retry": oneItem("queue.retry"),
  "queue.bounce": oneItem("queue.bounce"),
  "queue.delete": oneItem("queue.delete"),
  "queue.retryMany": manyItems("queue.retry"),
  "queue.bounceMany": manyItems("queue.bounce"),
  "queue.deleteMany": manyItems("queue.delete"),
  "scanners.clamavStatus": nothing,
  "scanners.testClamav": {
    ...nothing,
    audit: { action: "scanners.testClamav", targets: () => ["localhost:3310"] },
  },
  "scanners.rspamdStatus": nothing,
  "scanners.testRspamd": {
    ...nothing,
    audit: { action: "scanners.testRspamd", targets: () => ["localhost:11333"] },
  },
  "sessions.list": nothing,
  "sessions.revokeOthers": {
    ...nothing,
    audit: { action: "sessions.revokeOthers", targets: ({ username }) => [username] },
  },
  "sessions.revoke": {
    input: (caller) => ({ id: sessionOf(caller) }),
    audit: { action: "sessions.revoke", targets: (caller) => [sessionOf(caller)] },
  },
  "sessions.listOfUser": { input: ({ userId }) => ({ id: userId }) },
  "sessions.revokeAllOfUser": onSubject("sessions.revokeAllOfUser"),
  "sessions.revokeOfUser": {
    input: (caller) => ({ id: caller.userId, sessionId: sessionOf(caller) }),
    audit: { action: "sessions.revokeOfUser", targets: (caller) => [caller.username, sessionOf(caller)] },
  },
  "storage.list": nothing,
  "storage.file": { input: () => ({ path: mailPath() }) },
  "storage.raw": { input: () => ({ path: mailPath() }) },
  "storage.folderProperties": ofMail({ folder: "inbox" }),
  "storage.createFolder": onMail("storage.createFolder", { name: "New" }, ["New"]),
  "storage.renameFolder": onMail("storage.renameFolder", { folder: "Empty", name: "New" }, ["Empty", "New"]),
  "storage.deleteFolder": onMail("storage.deleteFolder", { folder: "Empty" }, ["Empty"]),
  "storage.copyFolder": onMail("storage.copyFolder", { folder: "Empty", newName: "New" }, ["Empty", "New"]),
  "storage.moveFolder": onMail("storage.moveFolder", { folder: "A/B" }, ["A/B", "B"]),
  "storage.moveMessages": onMail(
    "storage.moveMessages",
    { fromFolder: "inbox", toFolder: "Empty", messageIds: ["1.eml"] },
    ["inbox", "Empty", "1.eml"],
  ),
  "storage.setReadStatus": onMail("storage.setReadStatus", { folder: "inbox", messageIds: ["1.eml"], read: true }, [
    "inbox",
    "1.eml",
  ]),
  "storage.markAllRead": onMail("storage.markAllRead", { folder: "inbox" }, ["inbox"]),
  "storage.deleteMessages": onMail("storage.deleteMessages", { folder: "inbox", messageIds: ["1.eml"] }, [
    "inbox",
    "1.eml",
  ]),
  "storage.deleteAllMessages": onMail("storage.deleteAllMessages", { folder: "inbox" }, ["inbox"]),
  "storage.cleanUp": onMail("storage.cleanUp", { folder: "A", months: 3 }, ["A"]),
  "storage.createDraft": onMail("storage.createDraft", {}),
  "storage.updateDraft": onMail("storage.updateDraft", { draftId }, [draftId]),
  "storage.deleteDraft": onMail("storage.deleteDraft", { draftId }, [draftId]),
  "storage.listAttachments": ofMail({ draftId }),
  "storage.addAttachment": onMail("storage.addAttachment", { draftId, fileName: "a.txt", content: "" }, [
    draftId,
    "a.txt",
  ]),
  "storage.downloadAttachment": ofMail({ draftId, attachmentId }),
  "storage.removeAttachment": onMail("storage.removeAttachment", { draftId, attachmentId }, [draftId, attachmentId]),
  "users.list": nothing,
  "users.get": { input: () => ({ id: subject.id }) },
  "users.create": {
    input: () => ({ username: newcomer, password: testPassword, roles: ["ROLE_USER"] }),
    audit: { action: "users.create", targets: () => [newcomer] },
  },
  "users.update": onSubject("users.update"),
  "users.setPassword": onSubject("users.setPassword", { password: testPassword }),
  "users.disable": onSubject("users.disable"),
  "users.enable": onSubject("users.enable"),
  "users.delete": onSubject("users.delete"),
};

let gateway: TestGateway;
let admin: SignedIn;
let nobody: SignedIn;
const callers = new Map<Role, SignedIn>();
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  for (const role of Role.options) callers.set(role, await gateway.signIn(role));
  nobody = await gateway.signIn("ROLE_USER");
  await gateway.db.userRole.deleteMany({ where: { userId: nobody.userId } });
  gateway.clock.advance(1000);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.simulator.queue.add({ uid: queued });
  await gateway.db.user.deleteMany({ where: { username: { in: [subject.username, newcomer] } } });
  await createUser(gateway.db, subject);
  await gateway.db.domain.deleteMany();
  await gateway.db.domain.create({ data: { ...domain, aliases: { create: alias } } });
  await gateway.db.blocklistEntry.deleteMany();
  const entry = { type: "IP", network: blocked.value, reason: "guard", active: true, createdBy: "guard" } as const;
  await gateway.db.blocklistEntry.create({ data: { ...blocked, ...entry } });
  await gateway.db.queueItem.deleteMany();
  await gateway.db.queueItem.create({ data: recordedItem });
  await gateway.db.apiKey.deleteMany();
  await createApiKey(gateway.db, { id: keyId, userId: subject.id });
});

async function fillRules(): Promise<void> {
  const { db, clock } = gateway;
  const times = { createdAt: clock.now(), updatedAt: clock.now() };
  const seen = { completeAt: clock.now() };
  await db.queueWatch.upsert({ where: { id: 1 }, create: { id: 1, ...seen }, update: seen });
  await db.queueBulkRun.deleteMany();
  await db.queueBulkRun.create({ data: { ...bulkRun, createdAt: clock.now() } });
  await db.queueRule.deleteMany();
  const order = {
    action: "DELETE",
    filter: { domain: "guard.test" },
    intervalSeconds: 3600,
    updatedBy: "guard",
  } as const;
  await db.queueRule.create({ data: { ...queueRule, ...order, ...times } });
  await db.alertRule.deleteMany();
  const timing = { forSeconds: 0, clearSeconds: 0 };
  const rule = { ...alertRule, kind: "QUEUE_SIZE", threshold: 1, severity: "INFO", enabled: true } as const;
  await db.alertRule.create({ data: { ...rule, ...timing, ...times } });
  await db.alertWebhook.deleteMany();
  const target = { ...webhook, url: "https://hooks.example.com", secret: "guard", minSeverity: "INFO" } as const;
  const message = { id: deliveryId, event: "TEST", body: "{}", status: "DEAD", createdAt: clock.now() } as const;
  const deliveries = { create: { ...message, nextAttemptAt: clock.now() } };
  await db.alertWebhook.create({ data: { ...target, enabled: true, ...times, deliveries } });
}

async function fillMailAccount(): Promise<void> {
  mail.user = randomUUID();
  mail.address = `${mail.user}@${mail.domain}`;
  mail.mailboxId = gateway.simulator.mailboxes.deliver(mail.address, "mail");
  for (const place of ["new/1.eml", `.Drafts/new/${draftId}`, `.Drafts/attachments/${draftId}/${attachmentId}`]) {
    gateway.simulator.store.put(`${mail.domain}/${mail.user}/${place}`, "mail");
  }
  for (const { folders } of [gateway.deps.robin.store, gateway.deps.robin.mailboxes]) {
    const account = { domain: mail.domain, user: mail.user };
    await folders.create({ ...account, name: "Empty" });
    await folders.create({ ...account, name: "A" });
    await folders.create({ ...account, name: "B", parent: "A" });
  }
}

async function sessionsOf({ userId }: SignedIn): Promise<string[]> {
  const sessions = await gateway.db.session.findMany({ where: { userId }, select: { id: true } });
  return sessions.map(({ id }) => id);
}

interface Credentials {
  token?: string;
  cookie?: string;
}

function overRest(
  { meta }: ProcedureInfo,
  input: Record<string, unknown>,
  { token, cookie }: Credentials,
): Promise<Answer> {
  if (meta.upload?.formField !== undefined) {
    const { [meta.upload.formField]: file, ...fields } = input as Record<string, string>;
    const body = Buffer.from(
      `--guard\r\ncontent-disposition: form-data; name="${meta.upload.formField}"; filename="a"\r\n\r\n` +
        `${Buffer.from(file ?? "", "base64").toString()}\r\n--guard--\r\n`,
    );
    return gateway.request(`/api/v1${meta.upload.path}?${new URLSearchParams(fields).toString()}`, {
      body,
      headers: { "content-type": `${meta.upload.mediaType}; boundary=guard` },
      ...(token !== undefined && { token }),
    });
  }
  if (meta.upload) {
    const { message, ...fields } = input as { message: string } & Record<string, string>;
    return gateway.request(`/api/v1${meta.upload.path}?${new URLSearchParams(fields).toString()}`, {
      body: Buffer.from(message, "base64"),
      headers: { "content-type": meta.upload.mediaType },
      ...(token !== undefined && { token }),
    });
  }
  if (!meta.openapi) throw new Error("not on REST");
  const { method } = meta.openapi;
  const rest = { ...input };
  const path = meta.openapi.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const { [name]: value } = rest;
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    delete rest[name];
    return encodeURIComponent(value as string);
  });
  const inQuery = (method === "GET" || method === "DELETE") && Object.keys(rest).length > 0;
  const query = inQuery ? `?${new URLSearchParams(rest as Record<string, string>).toString()}` : "";
  return gateway.request(`/api/v1${path}${query}`, {
    method,
    ...(token !== undefined && { token }),
    ...(cookie !== undefined && { headers: { cookie } }),
    ...(method !== "GET" && method !== "DELETE" && { body: meta.bodyField ? rest[meta.bodyField] : rest }),
  });
}

function overTrpc(
  { path, type }: ProcedureInfo,
  input: Record<string, unknown>,
  { token, cookie }: Credentials,
): Promise<Answer> {
  const query = type === "query" ? `?input=${encodeURIComponent(JSON.stringify({ json: input }))}` : "";
  return gateway.request(`/trpc/${path}${query}`, {
    ...(token !== undefined && { token }),
    ...(cookie !== undefined && { headers: { cookie } }),
    ...(type === "mutation" && { body: { json: input } }),
  });
}

const codeIn = ({ body }: Answer) => {
  const { code, error } = body as { code?: string; error?: { json: { data: { appCode: string } } } };
  return code ?? error?.json.data.appCode;
};

/** Somebody who may do everything but this. */
function whoLacks(permission: NonNullable<ProcedureInfo["meta"]["permission"]>): SignedIn[] {
  const roles = Role.options.filter((role) => !permissionsOf([role]).includes(permission));
  return [nobody, ...roles.flatMap((role) => callers.get(role) ?? [])];
}

const procedures = listProcedures().filter(({ type }) => type !== "subscription");
const roads = [
  ["REST", overRest],
  ["tRPC", overTrpc],
] as const;

it("every procedure has its case, and every case its procedure", () => {
  expect(Object.keys(cases).sort()).toEqual(procedures.map(({ path }) => path).sort());
});

describe.each(procedures.map((procedure) => [procedure.path, procedure] as const))("%s", (path, procedure) => {
  const { input, audit, withCookie } = cases[path as ProcedurePath];
  const { access, permission } = procedure.meta;
  // Only where it is looked at: each of them takes longer than most tests here.
  if (/^(storage|mailboxes)/.test(path)) beforeEach(fillMailAccount);
  if (/^(queue|alert)/.test(path)) beforeEach(fillRules);

  describe.each(roads)("over %s", (_road, call) => {
    const expectRefused = async (credentials: Credentials, status: number, code: string) => {
      const [calls, rows] = [gateway.simulator.requests.length, await gateway.db.auditEvent.count()];
      const answer = await call(procedure, input(nobody), credentials);
      expect(answer.status).toBe(status);
      expect(codeIn(answer)).toBe(code);
      expect(gateway.simulator.requests.length).toBe(calls);
      expect(await gateway.db.auditEvent.count()).toBe(rows);
    };

    if (access !== "public")
      it("401 without a token, and with one that is none of ours", async () => {
        await expectRefused({}, 401, "unauthenticated");
        await expectRefused({ token: "nonsense" }, 401, "unauthenticated");
        await expectRefused({ token: `${nobody.token.slice(0, -4)}AAAA` }, 401, "unauthenticated");
      });

    if (permission !== undefined)
      it("403 for every role that lacks its permission, and Robin untouched", async () => {
        for (const { token } of whoLacks(permission)) await expectRefused({ token }, 403, "forbidden");
      });

    it(`${permission ? "403 before its input is looked at" : "400"} for a field that it does not know`, async () => {
      const { token, cookie } = nobody;
      const answer = await call(procedure, { ...input(nobody), unknown: "field" }, { token, cookie });
      expect(answer.status).toBe(permission ? 403 : 400);
    });

    if (procedure.type === "query")
      it("200 with the least input, and no audit row", async () => {
        admin = await gateway.signIn("ROLE_ADMIN");
        const rows = await gateway.db.auditEvent.count();
        // Bytes come over tRPC only to clients that stream: they have tests of their own.
        const status = procedure.meta.download && call === overTrpc ? 415 : 200;
        expect((await call(procedure, input(admin), { token: admin.token })).status).toBe(status);
        expect(await gateway.db.auditEvent.count()).toBe(rows);
      });

    if (procedure.type === "mutation")
      it("200 with the least input, and exactly one audit row", async () => {
        admin = await gateway.signIn("ROLE_ADMIN");
        const expected = await audit?.targets(admin);
        await gateway.db.auditEvent.deleteMany();
        const answer = await call(procedure, input(admin), {
          token: admin.token,
          ...(withCookie && { cookie: admin.cookie }),
        });
        expect(answer.status, answer.text).toBe(200);
        const rows = await gateway.db.auditEvent.findMany();
        expect(rows).toHaveLength(1);
        expect(rows[0]).toMatchObject({
          action: audit?.action,
          targets: expected,
          outcome: "SUCCEEDED",
          errorCode: null,
          actorId: admin.userId,
          actorUsername: admin.username,
          requestId: answer.headers.get("x-request-id"),
          ipAddress: "127.0.0.1",
        });
        expect(rows[0]?.finishedAt).toBeInstanceOf(Date);
      });
  });
});
