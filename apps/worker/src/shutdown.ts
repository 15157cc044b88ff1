import type { Logger } from "pino";

/** The part of `process` that is needed here. */
export interface Host {
  once(event: "SIGTERM" | "SIGINT" | "disconnect", listener: () => void): unknown;
  connected: boolean;
  disconnect?: (() => void) | undefined;
  exitCode?: number | string | null | undefined;
  exit: (code: number) => unknown;
}

export interface ShutdownOptions {
  host: Host;
  close: () => Promise<void>;
  logger: Logger;
  deadlineMs: number;
}

/** Closes once, at the first of SIGTERM, SIGINT and the parent's end; ends the process when closing takes too long. */
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
    try {
      await close();
      logger.info("worker has stopped");
    } catch (err) {
      logger.error({ err }, "worker did not stop cleanly");
      host.exitCode = 1;
    }
    clearTimeout(deadline);
    // The channel to the parent keeps the process alive.
    if (host.connected) host.disconnect?.();
  };
  host.once("SIGTERM", () => void stop("SIGTERM"));
  host.once("SIGINT", () => void stop("SIGINT"));
  host.once("disconnect", () => void stop("parent is gone"));
}
