import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleType, type IBackoffFactory } from "cockatiel";
import { isRobinError, type LongWork, RobinError, type RobinService } from "./errors.ts";
import { createLine, type LaneLimits, LineFullError } from "./line.ts";
import { createLongWork } from "./long-work.ts";

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

/** Calls of one kind that go through a lane of their own, because each keeps Robin's one thread for a while. */
export type LaneName = "sends" | "logs" | "pages";

const longWorkOf: Partial<Record<LaneName, LongWork>> = { sends: "sending a message", logs: "searching its log" };

export interface PortCall {
  endpoint: string;
  signal: AbortSignal;
  lane?: LaneName | undefined;
  /** Its caller left Robin so little time that being late proves nothing, so that does not count. */
  hurried?: boolean;
}

export interface PortPolicy {
  state(): BreakerState;
  /** Calls at Robin, and calls that wait for their turn. */
  load(): { running: number; waiting: number };
  /** The long work of ours that Robin does now. */
  busyWith(): LongWork | undefined;
  /**
   * Runs `attempt` through the line and the breaker of this port. `attempt` must reject with RobinErrors only.
   * Rejects with RobinError `circuit-open`, `overloaded`, what `attempt` rejects with, or the reason of `signal`.
   * A call that is late while Robin sends a message for us, or searches its log, does not count either.
   */
  run<T>(call: PortCall, attempt: () => Promise<T>): Promise<T>;
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
  const line = createLine({ slots: config.maxConnections, waiting: config.maxWaiting }, lanesOf(config));
  const longWork = createLongWork();
  let retryAt = 0;
  /** Since the last call that proved anything. Long work that begins then excuses nobody: it may wait in vain as well. */
  let isFailing = false;

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

  async function guarded<T>({ lane, hurried = false }: PortCall, attempt: () => Promise<T>): Promise<Outcome<T>> {
    const isTrial = breaker.state === CircuitState.HalfOpen;
    const watch = longWork.begin(isFailing || !lane ? undefined : longWorkOf[lane]);
    try {
      const value = await attempt();
      isFailing = false;
      return { value };
    } catch (error) {
      if (!isRobinError(error)) throw error;
      const isLate = error.kind === "timeout";
      const busyWith = isLate ? watch.others() : undefined;
      const failure = busyWith ? lateBecause(busyWith, error) : error;
      const inconclusive =
        error.kind === "aborted" || (isLate && (hurried || busyWith !== undefined || lane === "sends"));
      if (inconclusive) throw isTrial ? new CountedFailure(failure, inconclusive) : failure;
      isFailing = countsAsFailure(failure);
      if (isFailing) throw new CountedFailure(failure);
      return { answered: failure };
    } finally {
      watch.end();
    }
  }

  return {
    state: () => stateNames[breaker.state],
    load: () => line.load(),
    busyWith: () => longWork.now(),
    async run(call, attempt) {
      const { endpoint, signal, lane } = call;
      refuseWhenOpen(endpoint);
      try {
        const outcome = await line.run(
          () => {
            refuseWhenOpen(endpoint);
            return breaker.execute(() => guarded(call, attempt));
          },
          signal,
          lane,
        );
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

/**
 * Pages get half of the slots: Robin, who does one thing at a time, then always has the next one waiting. Sends have a
 * line of their own before this one.
 */
function lanesOf({ maxConnections, maxWaiting }: PortPolicyConfig): Record<LaneName, LaneLimits> {
  const part = (of: number, parts: number): number => Math.max(1, Math.floor(of / parts));
  return {
    sends: { slots: 1, waiting: part(maxWaiting, 8) },
    logs: { slots: 1, waiting: part(maxWaiting, 8) },
    pages: { slots: part(maxConnections, 2), waiting: part(maxWaiting, 2) },
  };
}

/** The same timeout, with its reason. */
export function lateBecause(busyWith: LongWork, { kind, service, endpoint, message, cause }: RobinError): RobinError {
  return new RobinError({
    kind,
    service,
    endpoint,
    message: `${message}; Robin was busy ${busyWith}`,
    cause,
    busyWith,
  });
}

function isInconclusiveTrial(reason: unknown): boolean {
  if (typeof reason !== "object" || reason === null || !("error" in reason)) return false;
  return reason.error instanceof CountedFailure && reason.error.inconclusive;
}
