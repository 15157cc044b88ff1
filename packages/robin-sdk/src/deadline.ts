import { RobinInputError } from "./errors.ts";

export interface Deadline {
  /** Aborts when the time is up or the caller aborts, whichever comes first. */
  signal: AbortSignal;
  timeoutMs: number;
  /** True when it was the time, not the caller. */
  expired(): boolean;
  clear(): void;
}

/** setTimeout fires at once for more than this. */
const timeoutMsMax = 2 ** 31 - 1;

/** Throws RobinInputError unless `timeoutMs` is a positive number that a timer can hold. */
export function startDeadline(timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  if (!(timeoutMs > 0 && timeoutMs <= timeoutMsMax)) {
    throw new RobinInputError("timeoutMs", `must be more than 0 and at most ${timeoutMsMax} ms`);
  }
  const controller = new AbortController();
  let hasExpired = false;
  const timer = setTimeout(() => {
    if (controller.signal.aborted) return;
    hasExpired = true;
    controller.abort();
  }, timeoutMs);
  const onCallerAbort = (): void => {
    controller.abort();
  };
  if (callerSignal?.aborted) onCallerAbort();
  callerSignal?.addEventListener("abort", onCallerAbort, { once: true });
  return {
    signal: controller.signal,
    timeoutMs,
    expired: () => hasExpired,
    clear() {
      clearTimeout(timer);
      callerSignal?.removeEventListener("abort", onCallerAbort);
    },
  };
}
