import type { Meter, Sample } from "./metrics-model.ts";

export const mebibyte = 1024 * 1024;

const pool = (area: string, id: string, value: number): Sample => ({ labels: { area, id }, value });

/** What the pools hold now, in bytes, what they have and may have; `noise` is between 0 and 1. */
export function memory(eden: number, old: number, noise: number): Meter[] {
  const used = [
    pool("heap", "G1 Eden Space", Math.floor(eden)),
    pool("heap", "G1 Old Gen", old),
    pool("heap", "G1 Survivor Space", Math.floor((1 + noise) * mebibyte)),
    pool("nonheap", "CodeHeap 'non-nmethods'", 1_916_672),
    pool("nonheap", "Metaspace", 27_144_816),
  ];
  return [
    {
      name: "jvm_memory_committed",
      unit: "bytes",
      help: "The amount of memory in bytes that is committed for the Java virtual machine to use",
      type: "gauge",
      // In whole pieces, as the JVM takes memory.
      samples: used.map(({ labels, value }) => ({ labels, value: Math.ceil(value / (2 * mebibyte)) * 2 * mebibyte })),
    },
    {
      name: "jvm_memory_max",
      unit: "bytes",
      help: "The maximum amount of memory in bytes that can be used for memory management",
      type: "gauge",
      samples: [pool("heap", "G1 Eden Space", -1), pool("heap", "G1 Old Gen", 512 * mebibyte)],
    },
    {
      name: "jvm_memory_used",
      unit: "bytes",
      help: "The amount of used memory",
      type: "gauge",
      samples: used,
    },
  ];
}

const states = { blocked: 0, new: 0, runnable: 7, terminated: 0, "timed-waiting": 9, waiting: 2 };

const threads = [
  ["daemon", 10, "The current number of live daemon threads"],
  ["live", 18, "The current number of live threads including both daemon and non-daemon threads"],
  ["peak", 19, "The peak live thread count since the Java virtual machine started or peak was reset"],
] as const;

const buffers = [
  ["jvm_buffer_count", "buffers", "An estimate of the number of buffers in the pool"],
  [
    "jvm_buffer_memory_used",
    "bytes",
    "An estimate of the memory that the Java virtual machine is using for this buffer pool",
  ],
  ["jvm_buffer_total_capacity", "bytes", "An estimate of the total capacity of the buffers in this pool"],
] as const;

export function threadsAndBuffers(): Meter[] {
  const buffersOf = (value: number): Sample[] => ["direct", "mapped"].map((id) => ({ labels: { id }, value }));
  return [
    ...threads.map(([kind, value, help]): Meter => {
      const samples = [{ labels: {}, value }];
      return { name: `jvm_threads_${kind}`, unit: "threads", help, type: "gauge", samples };
    }),
    {
      name: "jvm_threads_states",
      unit: "threads",
      help: "The current number of threads",
      type: "gauge",
      samples: Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
    },
    ...buffers.map(([name, unit, help]): Meter => ({ name, unit, help, type: "gauge", samples: buffersOf(0) })),
  ];
}
