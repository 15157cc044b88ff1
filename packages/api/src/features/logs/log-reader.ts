import {
  type CallOptions,
  createLine,
  isRobinError,
  LineFullError,
  type LogSearchOutcome,
  type RobinClient,
} from "@robin/sdk";
import { AppError } from "../../errors.ts";

/** What waits behind a search of a second or so should still come in time. */
const waitingMax = 8;
const retryAfterSeconds = 5;
/** With less, Robin has no fair chance. */
const remainingMsMin = 100;
const timeoutMsDefault = 10_000;

export interface LogReader {
  /** The zone of the times in Robin's log: an IANA name, or an offset such as `+02:00`. */
  readonly timeZone: string;
  /**
   * Hands every line with the term to `take`, today's first: Robin's `GET /logs`. A search keeps Robin's only thread,
   * so there is one at a time in this process; `take` must not wait for a caller. The deadline includes the waiting.
   *
   * @throws AppError `upstream_unavailable` when others are in front for too long, `conflict` when Robin does not know
   * its log; RobinError.
   */
  read(search: LogRead, take: (line: string) => Promise<void> | undefined): Promise<LogSearchOutcome>;
}

export interface LogRead {
  term: string;
  /** Bytes of lines after which it stops, `truncated`. */
  bytesMax: number;
  options: CallOptions;
}

export function createLogReader(robin: Pick<RobinClient, "logs">, timeZone: string): LogReader {
  const lane = createLine({ slots: 1, waiting: waitingMax });

  async function search(
    { term, bytesMax, options }: LogRead,
    take: (line: string) => Promise<void> | undefined,
  ): Promise<LogSearchOutcome> {
    const lines = robin.logs.search({ query: term }, { ...options, bytesMax });
    for await (const line of lines) {
      const taken = take(line);
      if (taken) await taken;
    }
    const outcome = lines.outcome();
    if (!outcome) throw new Error("a log search ended without an outcome");
    return outcome;
  }

  return {
    timeZone,
    async read(request, take) {
      const { signal, timeoutMs = timeoutMsDefault } = request.options;
      const startedAt = performance.now();
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        return await lane.run(
          () => {
            const leftMs = Math.round(timeoutMs - (performance.now() - startedAt));
            if (leftMs < remainingMsMin) throw busy();
            return search({ ...request, options: { ...request.options, timeoutMs: leftMs } }, take);
          },
          signal ? AbortSignal.any([signal, timeout]) : timeout,
        );
      } catch (error) {
        throw explained(error, signal);
      }
    },
  };
}

function busy(cause?: unknown): AppError {
  const message = "Other searches in Robin's log are still running. Try again in a moment.";
  return new AppError("upstream_unavailable", message, { cause, retryAfterSeconds });
}

function explained(error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof AppError) return error;
  if (error instanceof LineFullError) return busy(error);
  if (!isRobinError(error)) {
    // The reasons of the two signals that end the waiting.
    if (signal?.aborted) return new AppError("client_closed_request", "The request was given up.", { cause: error });
    return error instanceof DOMException && error.name === "TimeoutError" ? busy(error) : error;
  }
  if (error.kind === "http" && error.status === 500 && error.detail?.includes("log file")) {
    const message = "Robin does not know where its log is: its log4j2 configuration has no rolling file with a date.";
    return new AppError("conflict", message, { cause: error });
  }
  return error;
}
