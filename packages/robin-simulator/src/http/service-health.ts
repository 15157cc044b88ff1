import { listenerPort } from "../enqueue/client-defaults.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import type { RouteContext } from "./route-context.ts";
import { retrySchedule } from "../queue/schedule.ts";

/** `/health` of the service port, any method. Without credentials it shrinks instead of answering 401. */
export function serviceHealth(context: RouteContext): Answer {
  const uptime = `"status":"UP", "uptime":"${formatUptime(context.uptimeMs())}"`;
  return json(200, context.authenticated ? `{${uptime}, ${details(context)}}` : `{${uptime}}`);
}

/** Robin builds this text by hand: blanks after the outer commas, none inside, and two decimals in the growth factor. */
function details({ queue, workerStatistics }: RouteContext): string {
  const { ready, claimed, dead } = queue.counts();
  const statistics = queue.statistics();
  const activity = workerStatistics();
  const parts = {
    listeners: [
      {
        port: listenerPort,
        threadPool: {
          core: 1,
          max: 10,
          size: 1,
          largest: 1,
          active: 0,
          queue: 0,
          taskCount: 1,
          completed: 1,
          keepAliveSeconds: 60,
        },
      },
    ],
    queue: {
      size: ready + claimed,
      ready,
      claimed,
      dead,
      oldestReadyAtEpochSeconds: statistics.oldestReadyAtSeconds,
      oldestClaimedAtEpochSeconds: statistics.oldestClaimedAtSeconds,
      reschedules: statistics.reschedules,
    },
    scheduler: {
      config: { ...retrySchedule },
      service: {
        startDelaySeconds: activity.startDelaySeconds,
        housekeepingIntervalSeconds: 30,
        workerThreads: 8,
        maxInFlight: 8,
        dispatchIdleMinMillis: 5,
        dispatchIdleMaxMillis: 250,
        currentDispatchIdleMillis: activity.lastDispatchAtSeconds === 0 ? 5 : 250,
        outcomeBatchSize: 8,
        outcomeFlushMillis: 5,
        currentOutcomeQueueDepth: 0,
        currentInFlight: activity.inFlight,
        lastMutationBatchSize: 0,
        lastMutationCommitDurationMillis: 0,
        lastDispatchEpochSeconds: activity.lastDispatchAtSeconds,
        lastHousekeepingEpochSeconds: activity.lastHousekeepingAtSeconds,
        nextHousekeepingEpochSeconds: activity.nextHousekeepingAtSeconds,
      },
    },
    metricsCron: { intervalSeconds: 15, lastExecutionEpochSeconds: 0, nextExecutionEpochSeconds: 0 },
    botPool: {
      enabled: true,
      type: "cachedThreadPool",
      poolSize: 0,
      activeThreads: 0,
      queueSize: 0,
      taskCount: 0,
      completedTaskCount: 0,
    },
    lmtpPool: { enabled: false },
  };
  return Object.entries(parts)
    .map(([name, value]) => `"${name}":${JSON.stringify(value)}`)
    .join(", ")
    .replace(/"growthFactor":([0-9.]+)/, (_match, factor: string) => `"growthFactor":${Number(factor).toFixed(2)}`);
}

function formatUptime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3600) % 24}h ${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`;
}
