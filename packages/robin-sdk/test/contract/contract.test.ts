import { afterAll, describe, expect, it } from "vitest";
import { methodNames, recordCalls } from "./called-methods.ts";
import { configCases } from "./cases/config.cases.ts";
import { healthCases } from "./cases/health.cases.ts";
import { logsCases } from "./cases/logs.cases.ts";
import { mailboxesCases } from "./cases/mailboxes.cases.ts";
import { metricsCases } from "./cases/metrics.cases.ts";
import { queueCases } from "./cases/queue.cases.ts";
import { sendCases } from "./cases/send.cases.ts";
import { storeCases } from "./cases/store.cases.ts";
import { systemCases } from "./cases/system.cases.ts";
import { usersCases } from "./cases/users.cases.ts";
import { newAccount, type ContractCase, type ContractRobin } from "./robin.ts";
import { live, simulated } from "./targets.ts";

const cases = Object.entries({
  queue: queueCases,
  health: healthCases,
  users: usersCases,
  config: configCases,
  metrics: metricsCases,
  system: systemCases,
  logs: logsCases,
  send: sendCases,
  store: storeCases,
  mailboxes: mailboxesCases,
});

const liveRobin = await live(process.env);
const targets = [
  await simulated("the simulator"),
  await simulated(
    "the simulator without RocksDB, users, a log and credentials of its service port",
    { serviceAuth: { type: "none" }, mailboxes: false, users: { mode: "none" } },
    ({ logs }) => {
      logs.setAppender("none");
    },
  ),
  ...(liveRobin ? [liveRobin] : []),
];
const called = new Set<string>();

afterAll(async () => {
  for (const target of targets) await target[Symbol.asyncDispose]();
});

describe.each(targets)("the contract of the SDK with $name", (robin) => {
  describe.each(cases)("%s", (_resource, list) => {
    for (const contractCase of list) {
      const missing = (contractCase.needs ?? []).filter((need) => !robin.has.has(need));
      if (missing.length > 0) it.skip(`not applicable, needs ${missing.join(" and ")}: ${contractCase.name}`);
      else it(contractCase.name, { timeout: 60_000 }, () => runCase(contractCase, robin));
    }
  });
});

it("every method of the SDK has a case", () => {
  for (const { client } of targets.slice(0, 1))
    expect(methodNames(client).filter((name) => !called.has(name))).toEqual([]);
});

async function runCase(contractCase: ContractCase, robin: ContractRobin): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  const client = recordCalls(robin.client, called);
  const { stranger, smtpPort, peerPort } = robin;
  const onEnd = (step: () => Promise<unknown>): void => void undo.unshift(step);
  try {
    await contractCase.run({ client, stranger, smtpPort, peerPort, account: newAccount(), onEnd });
  } finally {
    for (const step of undo) await step();
  }
}
