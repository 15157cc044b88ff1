import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { QueuePage, type QueueEntry, type RobinCase } from "../../../src/index.ts";
import { expectRefusal, expectStatus, mail } from "../expectations.ts";
import type { CaseContext, ContractCase } from "../robin.ts";

const states = ["READY", "CLAIMED", "DEAD"] as const;

/** A protocol that no other item has, so that a filter finds the items of one case and no others. */
const newProtocol = (): string => `contract-${randomUUID()}`;

/** To where nobody listens: a worker that runs puts the item back and keeps it. */
const message = (...rcpt: string[]): RobinCase => ({
  mx: ["127.0.0.1"],
  port: 2599,
  envelopes: [{ mail: "a@contract.test", rcpt, subject: "Hi", message: "Body" }],
});

const own = async ({ client }: CaseContext, protocol: string): Promise<QueueEntry[]> =>
  (await client.queue.list({ states: [...states], protocol, limit: 1000 })).items;

/** Queues `count` items and removes whatever is left of them in the end. */
async function enqueue(context: CaseContext, count = 1): Promise<{ protocol: string; uids: string[] }> {
  const protocol = newProtocol();
  context.onEnd(async () =>
    context.client.queue.delete({ uids: (await own(context, protocol)).map(({ uid }) => uid) }),
  );
  for (let index = 0; index < count; index += 1)
    await context.client.queue.enqueue({ case: message(`b${index}@contract.test`), protocol });
  return { protocol, uids: (await own(context, protocol)).map(({ uid }) => uid) };
}

async function total({ client }: CaseContext, protocol: string, state?: (typeof states)[number]): Promise<number> {
  return (await client.queue.list({ protocol, ...(state ? { states: [state] } : {}) })).total;
}

export const queueCases: ContractCase[] = [
  {
    name: "list gives a page of well-formed entries, numbered over all pages",
    async run(context) {
      await enqueue(context, 3);
      const page = await context.client.queue.list({ states: [...states], limit: 2, page: 2 });
      expect(QueuePage.parse(page)).toEqual(page);
      expect(page.total).toBeGreaterThanOrEqual(3);
      expect(page.pages).toBe(Math.ceil(page.total / 2));
      expect(page.items.map(({ position }) => position)).toEqual(page.total >= 4 ? [3, 4] : [3]);
    },
  },
  {
    name: "trap 23: the enqueue answer does not carry the relay UID: join on session UID",
    async run(context) {
      const protocol = newProtocol();
      context.onEnd(async () =>
        context.client.queue.delete({ uids: (await own(context, protocol)).map(({ uid }) => uid) }),
      );
      const result = await context.client.queue.enqueue({ case: message("b@contract.test"), protocol });
      expect(result.queueSize).toBeGreaterThanOrEqual(1);
      expect(result).not.toHaveProperty("uploadedFile");
      const [item, ...others] = await own(context, protocol);
      expect(others).toEqual([]);
      expect(item).toMatchObject({
        sessionUid: result.sessionUid,
        protocol,
        envelopeCount: 1,
        recipients: ["b@contract.test"],
      });
      expect(item?.uid).not.toBe(result.sessionUid);
    },
  },
  {
    name: "trap 24: there is no creation time, state, next attempt or last error: an entry has only what is known",
    async run(context) {
      const { protocol } = await enqueue(context);
      const known = ["uid", "position", "sessionUid", "protocol", "retryCount", "lastRetryAt", "envelopeCount"];
      known.push("recipients", "recipientsHidden", "files");
      const [entry] = await own(context, protocol);
      expect(Object.keys(entry ?? {}).filter((key) => !known.includes(key))).toEqual([]);
    },
  },
  {
    name: "trap 20: protocol defaults to LMTP in the shipped config: the SDK always says ESMTP",
    needs: ["a queue at rest"],
    async run({ client, onEnd }) {
      const { sessionUid } = await client.queue.enqueue({ case: message("b@contract.test") });
      const { items } = await lastPage(client, "ESMTP");
      const item = items.find((entry) => entry.sessionUid === sessionUid);
      onEnd(() => client.queue.delete({ uids: item ? [item.uid] : [] }));
      expect(item?.protocol).toBe("ESMTP");
    },
  },
  ...(["enqueueRaw", "enqueueMultipart"] as const).map((operation): ContractCase => ({
    name: `trap 21: ${operation} leaves the uploaded file on disk and says where`,
    needs: ["a queue at rest"],
    async run(context) {
      const protocol = newProtocol();
      const filename = `${protocol}.eml`;
      context.onEnd(async () =>
        context.client.queue.delete({ uids: (await own(context, protocol)).map(({ uid }) => uid) }),
      );
      const rcpt = ["b@contract.test", "c@contract.test"];
      const upload = { mail: "a@contract.test", rcpt, message: mail("x", "--inner--"), filename, protocol };
      const result = await context.client.queue[operation](upload);
      expect(result.envelopes).toBe(1);
      expect(result.uploadedFile).toMatch(new RegExp(`/${protocol}\\.eml$`));
      const [item] = await own(context, protocol);
      expect(item).toMatchObject({ sessionUid: result.sessionUid, recipients: rcpt, envelopeCount: 1 });
      expect(item?.files).toHaveLength(1);
    },
  })),
  {
    name: "trap 26: (+N) counts duplicates, and five recipients show",
    async run(context) {
      const protocol = newProtocol();
      context.onEnd(async () =>
        context.client.queue.delete({ uids: (await own(context, protocol)).map(({ uid }) => uid) }),
      );
      const rcpt = [1, 2, 3, 4, 5, 6, 7].map((index) => `r${index}@contract.test`);
      const one = message(...rcpt);
      await context.client.queue.enqueue({ case: one, protocol });
      const twice = message("same@contract.test");
      await context.client.queue.enqueue({
        case: { ...twice, envelopes: twice.envelopes.flatMap((it) => [it, it]) },
        protocol,
      });
      const items = await own(context, protocol);
      const shown = items.map(({ recipients, recipientsHidden }) => [recipients.length, recipientsHidden]);
      expect(shown.sort()).toEqual([
        [1, 1],
        [5, 2],
      ]);
    },
  },
  {
    name: "trap 27: unknown UIDs are not errors: the count tells, and duplicated UIDs are asked for once",
    async run(context) {
      const { client } = context;
      const { uids, protocol } = await enqueue(context, 2);
      const [first = ""] = uids;
      expect((await client.queue.retry({ uids: ["unknown", first, first] })).count).toBe(1);
      expect((await client.queue.bounce({ uids: ["unknown", first, first] })).count).toBe(1);
      const deleted = await client.queue.delete({ uids: ["unknown", first, first] });
      expect(deleted.count).toBe(1);
      expect(deleted.queueSize).toBeGreaterThanOrEqual(1);
      expect((await own(context, protocol)).map(({ uid }) => uid)).toEqual(uids.slice(1));
    },
  },
  {
    name: "trap 25: state can only be learned by filtering; dead items are hidden by default",
    needs: ["a queue at rest"],
    async run(context) {
      const { uids, protocol } = await enqueue(context, 3);
      await context.client.queue.bounce({ uids: uids.slice(0, 1) });
      expect(await total(context, protocol)).toBe(2);
      expect(await total(context, protocol, "READY")).toBe(2);
      expect(await total(context, protocol, "CLAIMED")).toBe(0);
      expect(await total(context, protocol, "DEAD")).toBe(1);
    },
  },
  {
    name: "trap 28: bounce keeps the item as DEAD, retry revives it and spends the retry budget",
    needs: ["a queue at rest"],
    async run(context) {
      const { uids, protocol } = await enqueue(context);
      const before = (await own(context, protocol))[0];
      expect(before).toMatchObject({ retryCount: 0 });
      expect(before).not.toHaveProperty("lastRetryAt");
      await context.client.queue.bounce({ uids });
      expect(await total(context, protocol, "DEAD")).toBe(1);
      await context.client.queue.retry({ uids });
      expect(await total(context, protocol, "READY")).toBe(1);
      const after = (await own(context, protocol))[0];
      expect(after).toMatchObject({ uid: uids[0], retryCount: 1 });
      expect(after?.lastRetryAt).toBeInstanceOf(Date);
    },
  },
  {
    name: "list filters by protocol in any case and by retries, page by page, and a page past the end is empty",
    needs: ["a queue at rest"],
    async run(context) {
      const { client } = context;
      const { uids, protocol } = await enqueue(context, 3);
      await client.queue.retry({ uids: uids.slice(0, 1) });
      const list = (query: object) => client.queue.list({ protocol: protocol.toUpperCase(), ...query });
      expect(await list({ limit: 2, page: 2 })).toMatchObject({
        total: 3,
        page: 2,
        pages: 2,
        items: [{ position: 3 }],
      });
      expect(await list({ limit: 2, page: 9 })).toEqual({ total: 3, page: 9, pages: 2, items: [] });
      expect(await list({ retryMin: 1 })).toMatchObject({ total: 1, items: [{ uid: uids[0] }] });
      expect(await list({ retryMax: 0 })).toMatchObject({ total: 2 });
      expect(await client.queue.list({ protocol: newProtocol() })).toEqual({ total: 0, page: 1, pages: 0, items: [] });
    },
  },
  {
    name: "trap 25: retryMin=x is 500 while page=x is ignored: the SDK refuses both",
    async run({ client }) {
      await expectRefusal(client.queue.list({ retryMin: Number.NaN }), "retryMin");
      await expectRefusal(client.queue.list({ page: 0 }), "page");
    },
  },
  {
    name: "traps 15, 16, 19, 22: what Robin drops, sends elsewhere, chokes on or blanks is refused",
    async run({ client }) {
      const [envelope] = message("b@contract.test").envelopes;
      const refused = async (change: object, field: string): Promise<void> => {
        await expectRefusal(client.queue.enqueue({ case: { envelopes: [{ ...envelope, ...change }] } }), field);
      };
      await refused({ subject: undefined }, "case.envelopes.0");
      await refused({ mail: undefined }, "case");
      await refused({ rcpt: undefined }, "case");
      await refused({ mime: {} }, "case.envelopes.0.mime");
      await refused({ subject: "{$date}" }, "case.envelopes.0.subject");
    },
  },
  {
    name: "401 is an http error with Robin's word for it, for each route",
    needs: ["credentials"],
    async run({ stranger }) {
      const upload = { mail: "a@contract.test", rcpt: ["b@contract.test"], message: mail("x") };
      const calls = [
        () => stranger.queue.list(),
        () => stranger.queue.delete({ uids: ["x"] }),
        () => stranger.queue.retry({ uids: ["x"] }),
        () => stranger.queue.bounce({ uids: ["x"] }),
        () => stranger.queue.enqueue({ case: message("b@contract.test") }),
        () => stranger.queue.enqueueRaw(upload),
        () => stranger.queue.enqueueMultipart(upload),
      ];
      for (const call of calls) expect((await expectStatus(call(), 401)).detail).toBe("Unauthorized");
    },
  },
];

async function lastPage(client: CaseContext["client"], protocol: string): Promise<QueuePage> {
  const query = { protocol, limit: 1000 };
  const first = await client.queue.list(query);
  return first.pages > 1 ? client.queue.list({ ...query, page: first.pages }) : first;
}
