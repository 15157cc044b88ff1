import os from "node:os";
import { parentPort } from "node:worker_threads";
import type { HashingAnswer, HashingJob } from "./hashing.ts";

// Linux gives each thread a priority of its own; elsewhere it would be that of the whole process.
if (process.platform === "linux") {
  try {
    os.setPriority(os.constants.priority.PRIORITY_LOW);
  } catch {
    // Some sandboxes refuse it; then hashing competes with everything else.
  }
}

// Only now, so that loading them gives way as well.
const { compareSync, hashSync } = await import("@node-rs/bcrypt");
const { sha512Crypt } = await import("./sha512-crypt.ts");

function answer(job: HashingJob): string | boolean {
  switch (job.kind) {
    case "bcrypt":
      return hashSync(job.password, { cost: job.cost });
    case "compare":
      return compareSync(job.password, job.hash);
    case "sha512-crypt":
      return sha512Crypt(job.password, job.options);
  }
}

parentPort?.on("message", (job: HashingJob) => {
  let reply: HashingAnswer;
  try {
    reply = { result: answer(job) };
  } catch (error) {
    reply = { error: error instanceof Error ? error : new Error(String(error)) };
  }
  parentPort?.postMessage(reply);
});
