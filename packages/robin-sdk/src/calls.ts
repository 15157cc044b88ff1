import type { RobinErrorKind, RobinService } from "./errors.ts";
import type { LaneName } from "./policies.ts";

export interface CallOptions {
  /** Ends the call, down to the socket; it then rejects with kind `aborted`. */
  signal?: AbortSignal | undefined;
  /** Deadline of the whole call in milliseconds: waiting, trying twice and reading included. */
  timeoutMs?: number | undefined;
  /** W3C trace context that goes to Robin, for what stands in front of it. */
  traceparent?: string | undefined;
  /** Told once, when the call has ended. What it throws is dropped. */
  onCall?: ((call: RobinCall) => void) | undefined;
}

/** One finished call, however it ended; `status` is absent when Robin did not answer. */
export interface RobinCall {
  service: RobinService;
  /** Robin's route pattern: the number of different values is bounded. */
  endpoint: string;
  method: string;
  outcome: "ok" | RobinErrorKind;
  status?: number;
  durationMs: number;
}

export interface RobinExchange {
  service: RobinService;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Route pattern for errors and metrics. */
  endpoint: string;
  /** Encoded path; the endpoint when absent. */
  path?: string;
  query?: URLSearchParams;
  body?: Uint8Array;
  /** Content type of `body`. */
  contentType?: string;
  /** What a 2xx answer must be, as sent in its content type. Checked before anything is parsed. */
  mediaType: "application/json" | "text/html" | "text/plain";
  /** Asks for a fresh connection: set it for answers or bodies that may be large. Streams have one anyway. */
  large?: boolean;
  /** For calls that keep Robin's one thread for long. */
  lane?: LaneName;
  /** Statuses from 500 on that tell about what was asked, not about Robin's health: the breaker does not count them. */
  answeredErrors?: readonly number[];
}

export interface RobinRequest<T> extends RobinExchange {
  /** Called with the body of a 2xx answer; may throw InvalidResponseError or a ZodError. */
  parse: (body: Buffer) => T;
}

/** Calls to one port. */
export interface PortLoad {
  running: number;
  /** For their turn in our line. */
  waiting: number;
}

/** A call in a trace. */
export interface CallSpan {
  /** Goes to Robin in place of the caller's. */
  traceparent: string;
  end(call: RobinCall): void;
}
