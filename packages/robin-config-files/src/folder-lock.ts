import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { ConfigFileError } from "./errors.ts";

/** A writer that died is forgotten after this time. */
const staleMs = 5_000;
/** Long enough to get past a writer that died. */
const patienceMs = 7_000;

/**
 * Runs alone among all processes that write to the folder. `ensureLocked` throws when the lock was lost meanwhile,
 * because this process stood still for longer than the others wait.
 * @throws ConfigFileError `busy` when another writer does not come to an end.
 */
export async function withFolderLock<Result>(
  folder: string,
  run: (ensureLocked: () => void) => Promise<Result>,
): Promise<Result> {
  let lost: Error | undefined;
  const acquire = () =>
    lock(folder, {
      lockfilePath: path.join(folder, ".gateway-lock"),
      realpath: false,
      stale: staleMs,
      update: 1_000,
      onCompromised: (error) => {
        lost = error;
      },
    });
  const release = await patiently(acquire);
  try {
    return await run(() => {
      if (lost) throw busy(lost);
    });
  } finally {
    if (!lost) await release().catch(() => undefined);
  }
}

/** The library's own retries would also repeat what no repetition mends, such as a folder without rights. */
async function patiently(acquire: () => Promise<() => Promise<void>>): Promise<() => Promise<void>> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await acquire();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
      if (performance.now() > giveUpAt) throw busy(error);
      // Not all at the same moment.
      await setTimeout(10 + Math.random() * 50);
    }
  }
}

const busy = (cause: unknown) =>
  new ConfigFileError("busy", "Robin's configuration is being changed by somebody else: try again.", { cause });
