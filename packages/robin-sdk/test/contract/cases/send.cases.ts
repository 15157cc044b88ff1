import { expect } from "vitest";
import type { RobinCase, SendResult } from "../../../src/index.ts";
import { expectRefusal, expectStatus, mail } from "../expectations.ts";
import { statusOf, type CaseContext, type ContractCase } from "../robin.ts";

/** A port where nobody listens, on Robin's host. */
const closedPort = 2599;

/** To plain addresses: an SMTP server takes no others. */
const message = (...rcpt: string[]): RobinCase => ({
  mx: ["127.0.0.1"],
  tls: false,
  envelopes: [{ mail: "a@contract.test", rcpt, subject: "Hi", message: "Body" }],
});

const verdicts = ({ envelopes }: SendResult) =>
  envelopes.flatMap(({ recipients }) => recipients.map(({ verdict, reply }) => [verdict, reply?.code]));

/** Recipients that are new, so that what arrives is theirs, and their mails removed in the end. */
function recipients({ client, onEnd }: CaseContext, ...names: string[]): { addresses: string[]; domain: string } {
  const domain = "contract.test";
  const users = names.map((name) => `${name}-${crypto.randomUUID()}`);
  onEnd(async () => {
    // 404 where Robin keeps no mail of its own.
    for (const user of users) await statusOf(client.store.messages.deleteAll({ domain, user, folder: "" }));
  });
  return { domain, addresses: users.map((user) => `${user}@${domain}`) };
}

/** The one mail of a mailbox on disk, as text. */
async function onlyMail({ client }: CaseContext, domain: string, address: string): Promise<string> {
  const [user = ""] = address.split("@", 1);
  const { entries } = await client.store.list({ path: `${domain}/${user}/new` });
  expect(entries).toHaveLength(1);
  return (await client.store.messageText({ path: entries[0]?.path ?? "" })).text;
}

export const sendCases: ContractCase[] = [
  {
    name: "deliver tells what became of each recipient, and what was said",
    needs: ["an SMTP listener"],
    async run(context) {
      const { addresses } = recipients(context, "one", "two");
      const robinCase = { ...message(...addresses), port: context.smtpPort };
      const result = await context.client.send.deliver({ case: robinCase });
      expect(result).toMatchObject({ delivered: true, wasTried: true, droppedEnvelopes: 0 });
      expect(result).not.toHaveProperty("connectionFailure");
      expect(result.startedAt?.getTime()).toBeGreaterThan(Date.now() - 86_400_000);
      expect(result.envelopes.map(({ mail: from }) => from)).toEqual(["a@contract.test"]);
      expect(result.envelopes[0]?.recipients.map(({ address }) => address)).toEqual(addresses);
      expect(verdicts(result)).toEqual([
        ["delivered", 250],
        ["delivered", 250],
      ]);
      expect(result.envelopes[0]?.transactions.map(({ command }) => command)).toEqual(["MAIL", "RCPT", "RCPT", "DATA"]);
      expect(result.transactions.map(({ command }) => command)).toEqual(["SMTP", "EHLO", "QUIT"]);
    },
  },
  {
    name: "trap 15: each copy of a repeated envelope is told of",
    needs: ["an SMTP listener"],
    async run(context) {
      const { addresses } = recipients(context, "one");
      const { envelopes, ...rest } = message(...addresses);
      const robinCase = { ...rest, port: context.smtpPort, envelopes: envelopes.map((it) => ({ ...it, repeat: 2 })) };
      const result = await context.client.send.deliver({ case: robinCase });
      expect(result).toMatchObject({ delivered: true, droppedEnvelopes: 0 });
      expect(verdicts(result)).toEqual([1, 2, 3].map(() => ["delivered", 250]));
    },
  },
  {
    name: "trap 13: HTTP 200 is not delivery: nobody listens, no such host, no host at all",
    async run({ client }) {
      const one = message("b@contract.test");
      const refused = await client.send.deliver({ case: { ...one, port: closedPort } });
      expect(refused).toMatchObject({ delivered: false, wasTried: true, connectionFailure: "Connection refused" });
      expect(verdicts(refused)).toEqual([["not-tried", undefined]]);
      const unknown = await client.send.deliver({ case: { ...one, mx: ["nobody.invalid"] } });
      expect(unknown).toMatchObject({ delivered: false, wasTried: true, connectionFailure: "nobody.invalid" });
      const nowhere = await client.send.deliver({ case: { ...one, mx: [] } });
      expect(nowhere).toMatchObject({ delivered: false, wasTried: false, transactions: [] });
    },
  },
  {
    name: "refused for good, refused for now, and a refused sender, each with the reply that decided it",
    needs: ["a peer that refuses"],
    async run({ client, peerPort }) {
      const send = async (rcpt: string[], from = "a@contract.test") => {
        const robinCase = { ...message(...rcpt), port: peerPort };
        const envelopes = robinCase.envelopes.map((it) => ({ ...it, mail: from }));
        const result = await client.send.deliver({ case: { ...robinCase, envelopes } });
        expect(result).toMatchObject({ delivered: false, wasTried: true });
        expect(result).not.toHaveProperty("connectionFailure");
        return verdicts(result);
      };
      expect(await send(["nouser@contract.test"])).toEqual([["refused", 550]]);
      expect(await send(["later@contract.test"])).toEqual([["deferred", 451]]);
      expect(await send(["b@contract.test"], "badsender@contract.test")).toEqual([["refused", 550]]);
    },
  },
  {
    name: "trap 14: error on RCPT is false for recipients refused after an accepted one: the verdict is by the reply",
    needs: ["a peer that refuses"],
    async run({ client, peerPort }) {
      const rcpt = ["b@contract.test", "nouser@contract.test", "later@contract.test"];
      const result = await client.send.deliver({ case: { ...message(...rcpt), port: peerPort } });
      expect(verdicts(result)).toEqual([
        ["delivered", 250],
        ["refused", 550],
        ["deferred", 451],
      ]);
      expect(result.delivered).toBe(false);
      expect(result.envelopes[0]?.transactions.map(({ command, error }) => [command, error])).toEqual([
        ["MAIL", false],
        ["RCPT", false],
        ["RCPT", false],
        ["RCPT", false],
        ["DATA", false],
      ]);
    },
  },
  {
    name: "trap 13: a 101 may be the second record: a file that is not there",
    needs: ["an SMTP listener"],
    async run(context) {
      const { addresses } = recipients(context, "one");
      const envelope = { mail: "a@contract.test", rcpt: addresses, file: "/nowhere/contract.eml" };
      const robinCase = { ...message(...addresses), port: context.smtpPort, envelopes: [envelope] };
      const result = await context.client.send.deliver({ case: robinCase });
      expect(result).toMatchObject({ delivered: false, wasTried: true });
      expect(result.transactions.map(({ command }) => command)).toEqual(["SMTP", "EHLO", "SMTP"]);
      expect(result.connectionFailure).toContain("/nowhere/contract.eml");
      expect(verdicts(result)).toEqual([["unknown", undefined]]);
    },
  },
  {
    name: "trap 13: a peer without AUTH ends it after EHLO, without any error",
    needs: ["an SMTP listener"],
    async run({ client, smtpPort }) {
      const robinCase = { ...message("b@contract.test"), port: smtpPort, auth: true, user: "u", pass: "secret-1" };
      const result = await client.send.deliver({ case: robinCase });
      expect(result).toMatchObject({ delivered: false, wasTried: true });
      expect(result.transactions.map(({ command, error }) => [command, error])).toEqual([
        ["SMTP", false],
        ["EHLO", false],
      ]);
      expect(verdicts(result)).toEqual([["not-tried", undefined]]);
      expect(JSON.stringify(result)).not.toMatch(/secret-1|c2VjcmV0/);
    },
  },
  ...(["deliverRaw", "deliverMultipart"] as const).flatMap((operation): ContractCase[] => [
    {
      name: `${operation} tells what became of each recipient`,
      needs: ["an SMTP listener"],
      async run(context) {
        const { addresses } = recipients(context, "one", "two");
        const upload = { mail: "a@contract.test", rcpt: addresses, message: mail("raw") };
        const result = await context.client.send[operation](upload);
        expect(result).toMatchObject({ delivered: true, wasTried: true, droppedEnvelopes: 0 });
        expect(verdicts(result)).toEqual([
          ["delivered", 250],
          ["delivered", 250],
        ]);
      },
    },
    {
      name: `trap 21: what ${operation} sends arrives with the two dashes at its end`,
      needs: ["an SMTP listener", "local mailboxes"],
      async run(context) {
        const { domain, addresses } = recipients(context, "raw");
        const upload = { mail: "a@contract.test", rcpt: addresses, message: mail("dashes", "--inner--") };
        await context.client.send[operation](upload);
        const text = await onlyMail(context, domain, addresses[0] ?? "");
        const sent = upload.message.toString("utf8");
        // A form keeps the dashes by a line end after them.
        expect([sent, `${sent}\r\n`].filter((end) => text.endsWith(`\r\n${end}`))).toEqual([
          operation === "deliverRaw" ? sent : `${sent}\r\n`,
        ]);
      },
    },
  ]),
  {
    name: "trap 35: mails to the same mailbox within one SMTP session overwrite each other on disk",
    needs: ["an SMTP listener", "local mailboxes"],
    async run(context) {
      const { domain, addresses } = recipients(context, "one");
      const { envelopes, ...rest } = message(...addresses);
      const subjects = envelopes.flatMap((it) => ["first", "second"].map((subject) => ({ ...it, subject })));
      await context.client.send.deliver({ case: { ...rest, port: context.smtpPort, envelopes: subjects } });
      expect(await onlyMail(context, domain, addresses[0] ?? "")).toMatch(/^Subject: second\r?$/m);
    },
  },
  {
    name: "traps 15, 16, 17, 22: what Robin would drop, send elsewhere, fail on afterwards or blank is refused",
    async run({ client }) {
      const [envelope] = message("b@contract.test").envelopes;
      const refused = async (change: object, field: string): Promise<void> => {
        await expectRefusal(client.send.deliver({ case: { envelopes: [{ ...envelope, ...change }] } }), field);
      };
      await refused({ message: undefined }, "case.envelopes.0");
      await refused({ rcpt: undefined }, "case");
      await refused({ mime: {} }, "case.envelopes.0.mime");
      await refused({ message: "{$x}" }, "case.envelopes.0.message");
    },
  },
  {
    name: "401 is an http error for each route",
    needs: ["credentials"],
    async run({ stranger }) {
      const upload = { mail: "a@contract.test", rcpt: ["b@contract.test"], message: mail("x") };
      await expectStatus(stranger.send.deliver({ case: message("b@contract.test") }), 401);
      await expectStatus(stranger.send.deliverRaw(upload), 401);
      await expectStatus(stranger.send.deliverMultipart(upload), 401);
    },
  },
];
