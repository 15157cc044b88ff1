import { compare, hash } from "@node-rs/bcrypt";
import { Worker } from "node:worker_threads";
import { createFairLine, type Turn } from "./fair-line.ts";
import { sha512Crypt } from "./sha512-crypt.ts";

type Sha512CryptOptions = Parameters<typeof sha512Crypt>[1];

export type HashingJob =
  | { kind: "bcrypt"; password: string; cost: number }
  | { kind: "compare"; password: string; hash: string }
  | { kind: "sha512-crypt"; password: string; options: Sha512CryptOptions };

export type HashingAnswer = { result: string | boolean } | { error: Error };

/** Each takes a fifth of a second of computing, so there is a line, in turns by caller. */
export interface Hashing {
  bcrypt: (password: string, cost: number, turn?: Turn) => Promise<string>;
  /** False for text that is no hash. */
  compare: (password: string, hash: string, turn?: Turn) => Promise<boolean>;
  sha512Crypt: (password: string, options: Sha512CryptOptions, turn?: Turn) => Promise<string>;
}

/** At a fifth of a second each, the last one is served well within the time that a request has. */
const waitingMax = 32;

/** A thread takes some 20 MB, which few installations need all day. */
const idleMs = 60_000;

/** At once and without a line: for a program that has nothing else to do meanwhile. */
export const directHashing: Hashing = {
  bcrypt: (password, cost) => hash(password, { cost }),
  compare: (password, bcryptHash) => compare(password, bcryptHash),
  sha512Crypt: (password, options) => Promise.resolve(sha512Crypt(password, options)),
};

let shared: Hashing | undefined;

/** The one of this process. */
export function hashingThread(): Hashing {
  shared ??= createHashingThread();
  return shared;
}

/**
 * Hashes in a thread of its own that has the lowest priority: it works when nothing else does, so that a sign-in does
 * not slow other answers even where there is only one core. The thread is there while there are jobs, and a minute more.
 */
function createHashingThread(): Hashing {
  let thread: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;

  function start(): Worker {
    const worker = new Worker(new URL("./hashing.worker.ts", import.meta.url));
    worker.once("exit", () => {
      if (thread === worker) thread = undefined;
    });
    // Whoever waits for it is told; when nobody does, the next job starts another.
    worker.on("error", () => undefined);
    thread = worker;
    return worker;
  }

  function run(job: HashingJob): Promise<string | boolean> {
    clearTimeout(idle);
    const worker = thread ?? start();
    worker.ref();
    return new Promise<string | boolean>((resolve, reject) => {
      const onMessage = (answer: HashingAnswer) => {
        done();
        if ("error" in answer) reject(answer.error);
        else resolve(answer.result);
      };
      const onEnd = (error: unknown) => {
        done();
        reject(error instanceof Error ? error : new Error("the hashing thread ended"));
      };
      const done = () => {
        worker.off("message", onMessage).off("error", onEnd).off("exit", onEnd).unref();
        idle = setTimeout(() => {
          if (thread === worker) thread = undefined;
          void worker.terminate();
        }, idleMs).unref();
      };
      worker.on("message", onMessage).on("error", onEnd).on("exit", onEnd).postMessage(job);
    });
  }

  const line = createFairLine({ waitingMax, run });
  return {
    bcrypt: async (password, cost, turn) => String(await line.add({ kind: "bcrypt", password, cost }, turn)),
    compare: async (password, hash, turn) => (await line.add({ kind: "compare", password, hash }, turn)) === true,
    sha512Crypt: async (password, options, turn) =>
      String(await line.add({ kind: "sha512-crypt", password, options }, turn)),
  };
}
