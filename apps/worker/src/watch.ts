import type { Logger } from "pino";

export interface WatchOptions {
  /** As it is called in the log, such as "database". */
  service: string;
  /** Rejects when the service does not answer. */
  ping: () => Promise<unknown>;
  logger: Logger;
  /** How often to look while it is up; ten times as often while it is away. */
  intervalMs?: number;
  /** An answer that takes longer counts as none. */
  timeoutMs?: number;
  /** Called each time the service came back. */
  onRecovery?: () => void;
}

export interface Watch {
  isUp(): boolean;
  /** Looks now, unless it was stopped; resolves with the state. */
  check(): Promise<boolean>;
  stop(): void;
}

async function withTimeout(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  await Promise.race([promise, timeout]).finally(() => {
    clearTimeout(timer);
  });
}

/** Looks after a service and logs one line when it goes away and one when it is back, instead of one per failed call. */
export function watchService(options: WatchOptions): Watch {
  const { service, ping, logger, intervalMs = 5000, timeoutMs = 3000, onRecovery } = options;
  let up = true;
  let running: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const look = async (): Promise<boolean> => {
    try {
      await withTimeout(ping(), timeoutMs);
      if (!up) {
        up = true;
        logger.info({ service }, `${service} is back`);
        onRecovery?.();
      }
    } catch (err) {
      if (up) logger.error({ service, err }, `${service} is away; jobs wait until it is back`);
      up = false;
    }
    return up;
  };
  const check = (): Promise<boolean> => {
    if (stopped) return Promise.resolve(up);
    clearTimeout(timer);
    running ??= look().finally(() => {
      running = undefined;
      if (!stopped) timer = setTimeout(() => void check(), up ? intervalMs : intervalMs / 10);
    });
    return running;
  };
  timer = setTimeout(() => void check(), intervalMs);
  return {
    isUp: () => up,
    check,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
