import { expect } from "vitest";
import type { ContractCase } from "../robin.ts";

export const healthCases: ContractCase[] = [
  {
    name: "the client port says that it is up, without credentials too",
    async run({ client, stranger }) {
      expect(await client.health.client()).toEqual({ status: "UP" });
      expect(await stranger.health.client()).toEqual({ status: "UP" });
    },
  },
  {
    name: "the service port tells of listeners, queue, scheduler and pools, and the queue agrees with the list",
    async run({ client }) {
      const health = await client.health.service();
      expect(health).toMatchObject({
        status: "UP",
        uptime: expect.stringMatching(/^\d+d \d+h \d+m \d+s$/) as string,
        uptimeSeconds: expect.any(Number) as number,
        listeners: [{ threadPool: { core: expect.any(Number) as number } }],
        scheduler: {
          config: { totalRetries: expect.any(Number) as number },
          service: {
            workerThreads: expect.any(Number) as number,
            // Also of a worker that has not begun: then it is when it will.
            nextHousekeepingAt: expect.any(Date) as Date,
          },
        },
        metricsCron: { intervalSeconds: expect.any(Number) as number },
        botPool: { enabled: expect.any(Boolean) as boolean },
        lmtpPool: { enabled: expect.any(Boolean) as boolean },
      });
      const { size, ready, claimed } = health.queue ?? {};
      expect(size).toBe((ready ?? 0) + (claimed ?? 0));
    },
  },
  {
    name: "the queue's numbers are those of the list",
    needs: ["a queue at rest"],
    async run({ client }) {
      const { queue } = await client.health.service();
      expect(queue).toMatchObject({
        ready: (await client.queue.list({ states: ["READY"], limit: 1 })).total,
        claimed: (await client.queue.list({ states: ["CLAIMED"], limit: 1 })).total,
      });
    },
  },
  {
    name: "trap 42: growthFactor is a number, whatever the JVM's locale",
    async run({ client }) {
      const { scheduler } = await client.health.service();
      expect(scheduler?.config?.growthFactor).toBeGreaterThan(0);
    },
  },
  {
    name: "trap 11: service health never says 401: missing credentials show by the absent listeners",
    needs: ["credentials of its service port"],
    async run({ stranger }) {
      const health = await stranger.health.service();
      expect(Object.keys(health).sort()).toEqual(["status", "uptime", "uptimeSeconds"]);
    },
  },
];
