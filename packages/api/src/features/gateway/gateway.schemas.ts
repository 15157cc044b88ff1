import { z } from "zod";
import { Instant } from "../../rest-input.ts";

const Count = z.int().min(0);

const PortState = z
  .object({
    service: z.enum(["client", "service"]).meta({ description: "Which of Robin's two ports." }),
    state: z.enum(["closed", "half-open", "open"]).meta({ description: "Open: the port is left alone for a moment." }),
    running: Count.meta({ description: "Calls that are at Robin now." }),
    waiting: Count.meta({ description: "Calls that wait for their turn." }),
  })
  .meta({ id: "RobinPortState" });

const examplePorts = [
  { service: "client" as const, state: "closed" as const, running: 1, waiting: 0 },
  { service: "service" as const, state: "closed" as const, running: 0, waiting: 0 },
];

export const BreakersOutput = z.object({ ports: z.array(PortState) }).meta({ examples: [{ ports: examplePorts }] });
export type BreakersOutput = z.infer<typeof BreakersOutput>;

const CacheUse = z.object({ hit: Count, miss: Count, stale: Count, coalesced: Count }).meta({ id: "CacheUse" });

export const CacheOutput = z
  .object({
    enabled: z.boolean().meta({ description: "When false, only what Robin could not bear otherwise is kept." }),
    entries: Count,
    bytes: Count.meta({ description: "Estimated, compressed forms included." }),
    bytesMax: Count,
    operations: z.array(
      CacheUse.extend({
        procedure: z.string(),
        ttlMs: Count.meta({ description: "How long an answer counts as fresh." }),
      }),
    ),
  })
  .meta({
    examples: [
      {
        enabled: true,
        entries: 3,
        bytes: 91_000,
        bytesMax: 16_777_216,
        operations: [{ procedure: "queue.list", ttlMs: 5000, hit: 1200, miss: 14, stale: 0, coalesced: 3 }],
      },
    ],
  });
export type CacheOutput = z.infer<typeof CacheOutput>;

export const ClearCacheOutput = z
  .object({ dropped: Count.meta({ description: "Answers that the process at hand kept." }) })
  .meta({ examples: [{ dropped: 3 }] });
export type ClearCacheOutput = z.infer<typeof ClearCacheOutput>;

export const StatusOutput = z
  .object({
    pid: Count,
    startedAt: Instant,
    uptimeSeconds: Count,
    node: z.string().meta({ description: "Version of Node.js." }),
    memory: z.object({
      rssBytes: Count,
      heapUsedBytes: Count,
      heapTotalBytes: Count,
      externalBytes: Count,
    }),
    eventLoopUsePercent: z.number().min(0).max(100).meta({ description: "Of the time since the start." }),
    ports: z.array(PortState),
    cache: z.object({ enabled: z.boolean(), entries: Count, bytes: Count, bytesMax: Count }),
  })
  .meta({
    description: "Of the process at hand, one of several where WORKERS is more than 1.",
    examples: [
      {
        pid: 4711,
        startedAt: "2026-01-29T10:00:00.000Z",
        uptimeSeconds: 86_400,
        node: "v24.21.0",
        memory: {
          rssBytes: 104_857_600,
          heapUsedBytes: 41_943_040,
          heapTotalBytes: 62_914_560,
          externalBytes: 4_194_304,
        },
        eventLoopUsePercent: 3.2,
        ports: examplePorts,
        cache: { enabled: true, entries: 3, bytes: 91_000, bytesMax: 16_777_216 },
      },
    ],
  });
export type StatusOutput = z.infer<typeof StatusOutput>;
