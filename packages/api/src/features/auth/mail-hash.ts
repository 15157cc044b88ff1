import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { sha512Crypt } from "./sha512-crypt.ts";

/** Twenty times the usual number: a mail server verifies in 35 to 65 ms. */
const rounds = 100_000;

/** 96 random bits in the 16 characters that a salt may have. */
const saltBytes = 12;

/**
 * The hash that Robin and Dovecot verify, with the name of its scheme in front. Computed in a thread of its own, for
 * it takes a tenth of a second and more; passwords are set too seldom to keep one waiting.
 */
export async function createMailHash(password: string): Promise<string> {
  const salt = randomBytes(saltBytes).toString("base64").replaceAll("+", ".");
  const workerData: Parameters<typeof sha512Crypt> = [password, { salt, rounds }];
  const worker = new Worker(new URL("./sha512-crypt.worker.ts", import.meta.url), { workerData });
  const [hash] = (await once(worker, "message")) as [string];
  return `{SHA512-CRYPT}${hash}`;
}
