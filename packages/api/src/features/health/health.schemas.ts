import { z } from "zod";

export const HealthStatus = z.enum(["UP", "DEGRADED", "DOWN"]);
/** UNKNOWN: no answer within the second that a check may take; Robin serves one request at a time. */
export const PartStatus = z.enum(["UP", "DOWN", "UNKNOWN"]);
export type PartStatus = z.infer<typeof PartStatus>;

const count = z.int().min(0);
const epochSeconds = count.meta({ description: "Seconds since 1970; absent when it has not happened." });
const Part = z.object({ status: PartStatus }).meta({ id: "HealthPart" });

/** The shape the Robin UI's dashboard reads, whose templates need `threadPool` and `scheduler.cron` where their parents are. */
export const AggregateHealth = z
  .object({
    timestamp: count.meta({ description: "Milliseconds since 1970." }),
    service: z.literal("robin-gateway"),
    status: HealthStatus.meta({
      description: "DOWN when Robin's service port does not answer; DEGRADED when another part is not up.",
    }),
    uptime: z.string().optional().meta({ description: "Robin's own, such as 4d 2h 7m 5s." }),
    listeners: z
      .array(
        z.object({
          port: count,
          threadPool: z
            .object({
              core: count,
              max: count,
              size: count,
              largest: count,
              active: count,
              queue: count,
              taskCount: count,
              completed: count,
              keepAliveSeconds: count,
            })
            .partial(),
        }),
      )
      .optional(),
    queue: z
      .object({
        size: count,
        ready: count,
        claimed: count,
        dead: count,
        retryHistogram: z.record(z.string(), count).optional().meta({
          description:
            "How many of `size` were tried again how often; at most 30 seconds old, absent when Robin was too slow to count.",
        }),
      })
      .optional(),
    scheduler: z
      .object({
        config: z.object({ totalRetries: count, firstWaitMinutes: z.number(), growthFactor: z.number() }).partial(),
        cron: z
          .object({
            initialDelaySeconds: count,
            periodSeconds: count,
            lastExecutionEpochSeconds: epochSeconds,
            nextExecutionEpochSeconds: epochSeconds,
          })
          .partial(),
      })
      .optional(),
    robinClientApi: Part,
    robinServiceApi: Part.extend({
      limited: z.literal(true).optional().meta({
        description: "Robin tells only that it is up: the gateway's credentials for this port are missing or wrong.",
      }),
    }),
    database: Part,
  })
  .meta({
    id: "AggregateHealth",
    examples: [
      {
        timestamp: 1790000000000,
        service: "robin-gateway",
        status: "UP",
        uptime: "4d 2h 7m 5s",
        queue: { size: 7, ready: 6, claimed: 1, dead: 0, retryHistogram: { "0": 4, "1": 2, "2": 1 } },
        robinClientApi: { status: "UP" },
        robinServiceApi: { status: "UP" },
        database: { status: "UP" },
      },
    ],
  });
export type AggregateHealth = z.infer<typeof AggregateHealth>;
