import { readEnv } from "./env.ts";
import { closeOnSignal } from "./shutdown.ts";
import { failureText, startFromEnv } from "./start.ts";

/** A supervisor that dies while we start leaves nothing to close. */
const giveUp = (): never => process.exit(1);
process.once("disconnect", giveUp);

try {
  const env = readEnv();
  const { worker, logger } = await startFromEnv(env);
  closeOnSignal({ host: process, close: () => worker.close(), logger, deadlineMs: env.SHUTDOWN_SECONDS * 1000 });
  process.off("disconnect", giveUp);
  process.send?.({ ready: true });
} catch (error) {
  process.stderr.write(`${failureText(error)}\n`);
  process.exit(1);
}
