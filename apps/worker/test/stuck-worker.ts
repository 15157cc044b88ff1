/** A worker in a process of its own whose job never ends; the test kills it. Its configuration comes as a message. */
import { once } from "node:events";
import { pino } from "pino";
import { defineHandler } from "../src/handler.ts";
import { startWorker, type WorkerConfig } from "../src/worker.ts";
import { absentRobin } from "./absent-robin.ts";
import { testJob } from "./test-job.ts";

const [config] = (await once(process, "message")) as [
  Pick<WorkerConfig, "databaseUrl" | "redisUrl" | "prefix" | "takeover">,
];
const handler = defineHandler(testJob(), async (payload) => {
  process.send?.({ running: payload });
  await new Promise(() => undefined);
});
await startWorker({
  ...config,
  handlers: [handler],
  healthPort: 0,
  robin: absentRobin(),
  logger: pino({ level: "silent" }),
});
process.send?.({ ready: true });
