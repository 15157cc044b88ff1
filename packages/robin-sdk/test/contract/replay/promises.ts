import { expect } from "vitest";
import { isRobinError } from "../../../src/index.ts";
import type { RecordedExchange } from "./recordings.ts";
import { jsonOf } from "./sameness.ts";

/** What a method made of a recorded answer. */
export type Outcome = { value: unknown } | { error: unknown };

/** Asserts that the method keeps what it promises for this answer. */
export function expectKept(method: string, { answer }: RecordedExchange, outcome: Outcome): void {
  if (answer === undefined) {
    expect(failure(outcome)).toMatchObject({ kind: "network" });
    return;
  }
  if (answer.status < 300) {
    if ("error" in outcome) throw new Error("rejected although Robin had answered", { cause: outcome.error });
    expect(JSON.stringify([outcome.value])).not.toContain(":null");
    return checks[method]?.(outcome.value as never, answer.body);
  }
  const error = failure(outcome);
  const isMissing = answer.status === 400 && answer.body.includes('"Folder not found."');
  expect(error).toMatchObject({ kind: "http", status: isMissing ? 404 : answer.status });
  expect(error.detail ?? "").not.toMatch(/^\s*</);
}

function failure(outcome: Outcome) {
  if (!("error" in outcome) || !isRobinError(outcome.error))
    throw new Error(`no RobinError but ${JSON.stringify(outcome)}`, { cause: outcome });
  return outcome.error;
}

type Check = (value: never, body: Buffer) => void;

const counted = (key: string) => (value: { count: number }, body: Buffer) => {
  expect(value.count).toBe(jsonOf(body)[key]);
};
const session: Check = (value: { sessionUid: string; envelopes: unknown }, body) => {
  const { session = jsonOf(body) } = jsonOf(body);
  const { uid, envelopes } = session as { uid: string; envelopes: unknown[] };
  expect(value.sessionUid).toBe(uid);
  expect(Array.isArray(value.envelopes) ? value.envelopes.length : value.envelopes).toBe(envelopes.length);
};
const same: Check = (value: object, body) => {
  expect(value).toEqual(jsonOf(body));
};
const mailbox: Check = (value: { messages: { id: string }[] }, body) => {
  const { messages } = jsonOf(body) as { messages: { id: string }[] };
  expect(value.messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
};
const filled: Check = (value: unknown[]) => {
  expect(value.length).toBeGreaterThan(0);
};
const items = (body: Buffer) => jsonOf(body).items as { name: string }[];

/** What an answer says without doubt; that it has the promised shape is the parser's own matter. */
const checks: Record<string, Check> = {
  "queue.list": (page: { total: number; items: { uid: string }[] }, body) => {
    const html = body.toString("utf8");
    const uids = [...html.matchAll(/row-checkbox' data-uid='([^']*)'/g)].map((match) => match[1]);
    expect(page.items.map(({ uid }) => uid)).toEqual(uids);
    expect(page.total).toBe(Number(/Total items: <strong>(\d+)/.exec(html)?.[1]));
  },
  "queue.delete": counted("deletedCount"),
  "queue.retry": counted("retriedCount"),
  "queue.bounce": counted("bouncedCount"),
  "queue.enqueue": session,
  "queue.enqueueRaw": session,
  "queue.enqueueMultipart": session,
  "send.deliver": session,
  "send.deliverRaw": session,
  "send.deliverMultipart": session,
  "users.list": ({ users }: { users: string[] }, body) => {
    expect(users).toEqual(jsonOf(body).users);
  },
  "users.exists": same,
  "users.authenticate": same,
  "health.client": same,
  "health.service": (health: { listeners?: unknown }, body) => {
    expect("listeners" in health).toBe(body.includes('"listeners"'));
  },
  "config.sections": filled,
  "metrics.read": filled,
  "system.env": filled,
  "system.properties": filled,
  "system.threads": filled,
  "logs.search": (lines: string[], body) => {
    expect(lines).toEqual(body.toString("utf8").split("\n").slice(0, -1));
  },
  "store.list": ({ entries }: { entries: { name: string }[] }, body) => {
    expect(["..", ...entries.map(({ name }) => name)]).toEqual(
      expect.arrayContaining(items(body).map(({ name }) => name)),
    );
  },
  "store.messageBytes": (bytes: Buffer, body) => {
    expect(bytes.equals(body)).toBe(true);
  },
  "store.folderProperties": (value: { total: number; unread: number; sizeBytes: number }, body) => {
    const { total, unread, size } = jsonOf(body);
    expect(value).toEqual({ total, unread, sizeBytes: size });
  },
  "store.messages.move": counted("moved"),
  "store.messages.setReadStatus": counted("moved"),
  "store.messages.markAllRead": counted("moved"),
  "store.messages.deleteAll": counted("deleted"),
  "store.messages.cleanup": counted("affected"),
  "store.drafts.create": ({ draftId }: { draftId: string }, body) => {
    expect(draftId).toBe(jsonOf(body).draftId);
  },
  "store.drafts.addAttachment": ({ attachmentId }: { attachmentId: string }, body) => {
    expect([attachmentId]).toEqual(jsonOf(body).f);
  },
  "mailboxes.view": mailbox,
  "mailboxes.folder": mailbox,
  "mailboxes.message": ({ content }: { content: Buffer }, body) => {
    expect(content.toString("latin1")).toBe(jsonOf(body).content);
  },
  "mailboxes.messages.move": counted("moved"),
  "mailboxes.messages.setReadStatus": counted("moved"),
  "mailboxes.messages.markAllRead": counted("moved"),
  "mailboxes.messages.deleteAll": counted("deleted"),
  "mailboxes.messages.cleanup": counted("affected"),
};
