import type { Principal, RequestTrace } from "@robin/api";
import type { Tracing } from "@robin/tracing";
import { type Logger, pino } from "pino";
import type { Meters } from "./prometheus.ts";
import { traceIdOf } from "./trace-context.ts";

/** A request that has ended, as the log, the meters and the traces see it. */
export interface RequestRecord {
  requestId: string;
  method: string;
  /** Without the query, which may hold a token. */
  path: string;
  /** The route's pattern, of which there are a bounded number. */
  endpoint: string;
  status: number;
  /** On the clock of `performance.now()`. */
  startedAt: number;
  trace: RequestTrace;
  principal?: Principal | undefined;
  ipAddress: string;
  /** The caller went away before the answer had left. */
  aborted?: boolean | undefined;
}

export interface Recorder {
  /** Counts and logs a request, and ends its span, once, when it has ended. */
  record(request: RequestRecord): void;
}

interface RecorderParts {
  logger: Logger;
  meters: Meters;
  tracing?: Tracing | undefined;
}

const info = pino.levels.values.info ?? 30;

/** The log lines are those that pino would write, made by hand: it takes twenty times as long, more than a cached answer. */
export function createRecorder({ logger, meters, tracing }: RecorderParts): Recorder {
  const { [pino.symbols.streamSym]: stream, [pino.symbols.chindingsSym]: bindings } = logger as unknown as {
    [pino.symbols.streamSym]: { write(line: string): unknown };
    [pino.symbols.chindingsSym]: string;
  };
  return {
    record(request) {
      const durationMs = performance.now() - request.startedAt;
      meters.countRequest(request, durationMs / 1000);
      if (tracing) {
        const { cache, traceparent } = request.trace;
        tracing.endRequest({ ...request, cache, traceparent });
      }
      // On each call, because the level can change while the process runs.
      if (logger.levelVal > info) return;
      stream.write(
        `{"level":${info},"time":${Date.now()}${bindings}${requestFields(request, durationMs)},"msg":"request"}\n`,
      );
    },
  };
}

/** As JSON, each with a comma before it; what is not known is left out. */
function requestFields(request: RequestRecord, durationMs: number): string {
  const { requestId, trace, method, path, endpoint, status, principal, ipAddress } = request;
  const traceId = traceIdOf(trace.traceparent);
  let text = `,"requestId":${quoted(requestId)}`;
  if (traceId !== undefined) text += `,"traceId":"${traceId}"`;
  text += `,"method":${quoted(method)},"path":${quoted(path)},"endpoint":${quoted(endpoint)}`;
  text += `,"status":${status},"durationMs":${tenths(durationMs)}`;
  if (trace.upstreamMs > 0) text += `,"upstreamMs":${tenths(trace.upstreamMs)}`;
  if (trace.cache !== undefined) text += `,"cache":"${trace.cache}"`;
  if (principal !== undefined) {
    text += `,"userId":${principal.userId}`;
    if (principal.apiKey !== undefined) text += `,"apiKeyId":${quoted(principal.apiKey.id)}`;
  }
  text += `,"ipAddress":${quoted(ipAddress)}`;
  return request.aborted ? `${text},"aborted":true` : text;
}

/** Printable ASCII but the quote and the backslash. */
const plain = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
