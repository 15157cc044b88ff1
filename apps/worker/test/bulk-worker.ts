/** A worker in a process of its own that works on bulk runs until the test kills it. Its configuration comes as a message. */
import { createRobinClient } from "@robin/sdk";
import { once } from "node:events";
import { pino } from "pino";
import { withSchedule } from "../src/handler.ts";
import { queueBulk } from "../src/handlers/queue-bulk.ts";
import { startWorker, type WorkerConfig } from "../src/worker.ts";

type Config = Pick<WorkerConfig, "databaseUrl" | "redisUrl" | "prefix" | "takeover"> & {
  simulator: { clientUrl: string; serviceUrl: string };
  batchSize: number;
};

const [{ simulator, batchSize, ...config }] = (await once(process, "message")) as [Config];
await startWorker({
  ...config,
  handlers: [withSchedule(queueBulk, { everyMs: 200, payload: { batchSize } })],
  healthPort: 0,
  robin: createRobinClient({ clientApi: { url: simulator.clientUrl }, serviceApi: { url: simulator.serviceUrl } }),
  logger: pino({ level: "silent" }),
});
process.send?.({ ready: true });
