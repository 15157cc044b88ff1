import type { SimulatorClock } from "../clock.ts";
import { createRandom } from "../random.ts";
import { mebibyte, memory, threadsAndBuffers } from "./jvm-meters.ts";
import { robinCounters } from "./robin-counters.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One Micrometer meter; Prometheus and Graphite write it differently. */
export interface Meter {
  /** Underscores, without unit and `_total`. */
  readonly name: string;
  readonly unit?: "bytes" | "buffers" | "threads" | "ns";
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly Sample[];
}

/** Time in seconds here; Graphite has milliseconds. */
export interface Timer {
  readonly name: string;
  readonly help: string;
  readonly type: "timer";
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; count: number; sum: number }[];
}

export interface SimulatedMetrics {
  /** Sorted by name. The same seed and time since the start give the same values; counters never fall as time goes on. */
  read(): readonly (Meter | Timer)[];
  nowSeconds(): number;
}

export function createMetrics(options: { seed: number; clock: SimulatorClock }): SimulatedMetrics {
  const { clock } = options;
  const startedAtMs = clock.now().getTime();
  const random = createRandom(options.seed);
  const connectionsPerSecond = 0.4 + random.next();
  const phases = new Map(robinCounters.map(([name]) => [name, random.next() * 2 * Math.PI]));

  /** Busier and quieter by turns, but never going back: the rate is 1 + 0.8 sin. */
  const busySeconds = (seconds: number, phase: number): number => {
    const pace = (2 * Math.PI) / 900;
    return seconds + (0.8 / pace) * (Math.cos(phase) - Math.cos(pace * seconds + phase));
  };
  /** Between 0 and 1, another one every five seconds. */
  const noise = (seconds: number, kind: number): number =>
    createRandom(options.seed * 31 + Math.floor(seconds / 5) * 7 + kind).next();

  function counters(seconds: number): Meter[] {
    return robinCounters.map(([name, help, share]): Meter => {
      const value = Math.floor(busySeconds(seconds, phases.get(name) ?? 0) * connectionsPerSecond * share);
      const labels: Readonly<Record<string, string>> =
        name === "robin_email_receipt_exception" ? { exception_type: "Exception" } : {};
      return { name, help, type: "counter", samples: [{ labels, value }] };
    });
  }

  function machine(seconds: number): (Meter | Timer)[] {
    const collections = Math.floor(seconds / 120);
    const eden = (20 + ((seconds % 120) / 120) * 100) * mebibyte;
    const one = (value: number): readonly Sample[] => [{ labels: {}, value }];
    return [
      ...memory(eden, Math.min(40, 11 + collections / 30) * mebibyte, noise(seconds, 1)),
      ...threadsAndBuffers(),
      {
        name: "jvm_gc_live_data_size",
        unit: "bytes",
        help: "Size of long-lived heap memory pool after reclamation",
        type: "gauge",
        samples: one(Number.NaN),
      },
      {
        name: "jvm_gc_pause",
        help: "Time spent in GC pause",
        type: "timer",
        samples: [
          {
            labels: {
              action: "end of minor GC",
              cause: "G1 Evacuation Pause",
              gc: "G1 Young Generation",
            },
            count: collections,
            sum: collections * 0.005,
          },
        ],
      },
      {
        name: "process_cpu_time",
        unit: "ns",
        help: 'The "cpu time" used by the Java Virtual Machine process',
        type: "counter",
        samples: one(Math.floor(busySeconds(seconds, 0) * 2e7) + 9e9),
      },
      {
        name: "process_cpu_usage",
        help: 'The "recent cpu usage" for the Java Virtual Machine process',
        type: "gauge",
        samples: one(noise(seconds, 2) * 0.2),
      },
      {
        name: "system_cpu_count",
        help: "The number of processors available to the Java virtual machine",
        type: "gauge",
        samples: one(2),
      },
      {
        name: "system_cpu_usage",
        help: 'The "recent cpu usage" of the system the application is running in',
        type: "gauge",
        samples: one(noise(seconds, 3) * 0.6),
      },
      {
        name: "system_load_average_1m",
        help: "The sum of the number of runnable entities queued to available processors and the number of runnable entities running on the available processors averaged over a period of time",
        type: "gauge",
        samples: one(noise(seconds, 4) * 2),
      },
    ];
  }

  return {
    read: () => {
      const seconds = Math.max(0, (clock.now().getTime() - startedAtMs) / 1000);
      return [...machine(seconds), ...counters(seconds)].sort((left, right) => (left.name < right.name ? -1 : 1));
    },
    nowSeconds: () => Math.floor(clock.now().getTime() / 1000),
  };
}
