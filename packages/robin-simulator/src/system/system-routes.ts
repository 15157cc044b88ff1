import { text } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";

/** Unsorted and unmasked, as Robin has them; a value may span lines. */
const environment: readonly (readonly [string, string])[] = [
  ["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  ["HOME", "/home/robin"],
  ["ROBIN_DB_PASSWORD", "s3cret=with=equals"],
  ["GREETING", "first line\nsecond line, no = name here\n"],
  ["EMPTY", ""],
  ["PWD", "/usr/local/robin"],
  ["LANG", "C.UTF-8"],
];

const properties: readonly (readonly [string, string])[] = [
  ["java.specification.version", "21"],
  ["os.name", "Linux"],
  ["user.language", "en"],
  ["file.separator", "/"],
  ["line.separator", "\n"],
  ["java.class.path", "robin.jar:lib/*"],
  ["java.vm.name", "OpenJDK 64-Bit Server VM"],
  ["java.version", "21.0.9"],
  ["os.arch", "amd64"],
  ["user.timezone", "Etc/UTC"],
  ["java.vendor", "Eclipse Adoptium"],
];

interface Thread {
  readonly name: string;
  readonly id: number;
  readonly state: string;
  readonly frames: readonly string[];
}

const sleeping = [
  "java.base@21.0.9/jdk.internal.misc.Unsafe.park(Native Method)",
  "java.base@21.0.9/java.util.concurrent.locks.LockSupport.parkNanos(LockSupport.java:269)",
  "java.base@21.0.9/java.lang.Thread.run(Thread.java:1583)",
];

const threads: readonly Thread[] = [
  {
    name: "Reference Handler",
    id: 12,
    state: "RUNNABLE",
    frames: ["java.base@21.0.9/java.lang.ref.Reference.waitForReferencePendingList(Native Method)"],
  },
  { name: "Signal Dispatcher", id: 14, state: "RUNNABLE", frames: [] },
  { name: "idle-timeout-task", id: 33, state: "TIMED_WAITING", frames: sleeping },
  {
    name: "HTTP-Dispatcher",
    id: 36,
    state: "RUNNABLE",
    frames: [
      "java.management@21.0.9/sun.management.ThreadImpl.dumpThreads0(Native Method)",
      "jdk.httpserver@21.0.9/sun.net.httpserver.ServerImpl$Dispatcher.run(ServerImpl.java:485)",
    ],
  },
  { name: "idle-timeout-task", id: 37, state: "TIMED_WAITING", frames: sleeping },
  { name: 'odd "name" #1', id: 40, state: "WAITING", frames: sleeping },
];

const printEntries = (entries: readonly (readonly [string, string])[]): Answer =>
  text(200, entries.map(([name, value]) => `${name}=${value}`).join("\n"));

export const systemEnvironment = (): Answer => printEntries(environment);
export const systemProperties = (): Answer => printEntries(properties);

export function systemThreads(): Answer {
  const blocks = threads.map(({ name, id, state, frames }) => {
    const trace = frames.map((frame) => `   at ${frame}\n`).join("");
    return `"${name}" #${id} prio=5 state=${state}\n${trace}\n`;
  });
  return text(200, blocks.join(""));
}

/** Says what Robin says, on any method, and writes nothing. */
export function heapDump({ clock }: RouteContext): Answer {
  const body = Buffer.from(`Heap dump created at: heapdump-${clock.now().getTime()}.hprof`);
  return { status: 200, headers: { "Content-type": "text/plain" }, body };
}
