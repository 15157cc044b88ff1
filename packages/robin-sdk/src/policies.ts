import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleType, type IBackoffFactory } from "cockatiel";
import { isRobinError, RobinError, type RobinService } from "./errors.ts";
import { createLine, LineFullError } from "./line.ts";

export type BreakerState = "closed" | "half-open" | "open";

export interface PortPolicyConfig {
  service: RobinService;
  /** Calls at Robin at once. */
  maxConnections: number;
  /** Calls that may wait for their turn. */
  maxWaiting: number;
  breaker: { failureThreshold: number; openMs: number };
  onBreakerChange?: ((change: { service: RobinService; state: BreakerState }) => void) | undefined;
}

export interface PortPolicy {
  state(): BreakerState;
  /**
   * Runs `attempt` through the line and the breaker of this port. `attempt` must reject with RobinErrors only.
   * Rejects with RobinError `circuit-open`, `overloaded`, what `attempt` rejects with, or the reason of `signal`.
   * A call that was `hurried` by its caller proves nothing about Robin when it is late, so that does not count.
   */
  run<T>(endpoint: string, signal: AbortSignal, attempt: () => Promise<T>, hurried?: boolean): Promise<T>;
}

/** While the single trial runs, nobody knows how long it takes; asking again soon is cheap. */
const trialRetryAfterMs = 1_000;

const stateNames: Record<CircuitState, BreakerState> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "open",
};

/** Wraps the failures that the breaker shall see; everything else passes it by. */
class CountedFailure extends Error {
  readonly failure: RobinError;
  /** It ended a trial without telling anything about Robin. */
  readonly inconclusive: boolean;

  constructor(failure: RobinError, inconclusive = false) {
    super(failure.message);
    this.failure = failure;
    this.inconclusive = inconclusive;
  }
}

/** Failures that say Robin is in trouble: no answer or a 5xx. A 4xx or an odd page is an answer. */
export function countsAsFailure(error: RobinError): boolean {
  return error.kind === "network" || error.kind === "timeout" || (error.kind === "http" && (error.status ?? 0) >= 500);
}

/** Rejects those who wait in the line when the breaker opens. */
class SentHomeError extends Error {}

type Outcome<T> = { value: T } | { answered: RobinError };

export function createPortPolicy(config: PortPolicyConfig): PortPolicy {
  const { service } = config;
  const { openMs } = config.breaker;
  const line = createLine({ slots: config.maxConnections, waiting: config.maxWaiting });
  let retryAt = 0;

  // A trial that its caller aborted, or hurried, proves nothing: the breaker goes back to open, and the next call is the trial.
  const backoff: IBackoffFactory<{ result: unknown }> = {
    next({ result }) {
      const duration = isInconclusiveTrial(result) ? 0 : openMs;
      return { duration, next: (context) => backoff.next(context) };
    },
  };
  const breaker = circuitBreaker(handleType(CountedFailure), {
    halfOpenAfter: backoff,
    breaker: new ConsecutiveBreaker(config.breaker.failureThreshold),
  });

  breaker.onBreak((reason) => {
    retryAt = isInconclusiveTrial(reason) ? 0 : Date.now() + openMs;
    line.rejectWaiting(() => new SentHomeError());
  });
  breaker.onStateChange((state) => {
    config.onBreakerChange?.({ service, state: stateNames[state] });
  });

  function circuitOpen(endpoint: string, retryAfterMs: number): RobinError {
    return new RobinError({
      kind: "circuit-open",
      service,
      endpoint,
      retryAfterMs: Math.max(0, Math.ceil(retryAfterMs)),
      message: `Robin's ${service} port failed repeatedly and is not called for now`,
    });
  }

  /** Asked before the line, so that a refusal never waits, and again after it. */
  function refuseWhenOpen(endpoint: string): void {
    if (breaker.state === CircuitState.HalfOpen) throw circuitOpen(endpoint, trialRetryAfterMs);
    const leftMs = retryAt - Date.now();
    if (breaker.state === CircuitState.Open && leftMs > 0) throw circuitOpen(endpoint, leftMs);
  }

  async function guarded<T>(attempt: () => Promise<T>, hurried: boolean): Promise<Outcome<T>> {
    const isTrial = breaker.state === CircuitState.HalfOpen;
    try {
      return { value: await attempt() };
    } catch (error) {
      if (!isRobinError(error)) throw error;
      const inconclusive = error.kind === "aborted" || (hurried && error.kind === "timeout");
      if (inconclusive) throw isTrial ? new CountedFailure(error, inconclusive) : error;
      if (countsAsFailure(error)) throw new CountedFailure(error);
      return { answered: error };
    }
  }

  return {
    state: () => stateNames[breaker.state],
    async run(endpoint, signal, attempt, hurried = false) {
      refuseWhenOpen(endpoint);
      try {
        const outcome = await line.run(() => {
          refuseWhenOpen(endpoint);
          return breaker.execute(() => guarded(attempt, hurried));
        }, signal);
        if ("answered" in outcome) throw outcome.answered;
        return outcome.value;
      } catch (error) {
        if (error instanceof CountedFailure) throw error.failure;
        if (error instanceof SentHomeError) throw circuitOpen(endpoint, retryAt - Date.now());
        if (error instanceof LineFullError) {
          throw new RobinError({
            kind: "overloaded",
            service,
            endpoint,
            message: `Too many calls wait for Robin's ${service} port`,
          });
        }
        throw error;
      }
    },
  };
}

function isInconclusiveTrial(reason: unknown): boolean {
  if (typeof reason !== "object" || reason === null || !("error" in reason)) return false;
  return reason.error instanceof CountedFailure && reason.error.inconclusive;
}
