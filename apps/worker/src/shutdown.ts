import type { Logger } from "pino";

/** The part of `process` that is needed here. */
export interface Host {
  once(event: "SIGTERM" | "SIGINT" | "disconnect", listener: () => void): unknown;
  exit: (code: number) => unknown;
}

export interface ShutdownOptions {
  host: Host;
  close: () => Promise<void>;
  logger: Logger;
  deadlineMs: number;
}

/** Closes once, at the first of SIGTERM, SIGINT and the parent's end, and then ends the process. */
export function closeOnSignal({ host, close, logger, deadlineMs }: ShutdownOptions): void {
  let stopping = false;
  const stop = async (reason: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, "worker is stopping");
    const deadline = setTimeout(() => {
      logger.error("worker did not stop in time; another one takes over what it was doing");
      host.exit(1);
    }, deadlineMs);
    let code = 0;
    try {
      await close();
      logger.info("worker has stopped");
    } catch (err) {
      logger.error({ err }, "worker did not stop cleanly");
      code = 1;
    }
    clearTimeout(deadline);
    // Not left to Node: a query that was cut off leaves a timer of the driver behind, of up to half a minute.
    host.exit(code);
  };
  host.once("SIGTERM", () => void stop("SIGTERM"));
  host.once("SIGINT", () => void stop("SIGINT"));
  host.once("disconnect", () => void stop("parent is gone"));
}
