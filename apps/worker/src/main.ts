import { readEnv } from "./env.ts";
import { closeOnSignal } from "./shutdown.ts";
import { failureText, startFromEnv } from "./start.ts";

try {
  const env = readEnv();
  const { worker, logger } = await startFromEnv(env);
  closeOnSignal({ host: process, close: () => worker.close(), logger, deadlineMs: env.SHUTDOWN_SECONDS * 1000 });
  process.send?.({ ready: true });
} catch (error) {
  process.stderr.write(`${failureText(error)}\n`);
  process.exit(1);
}
