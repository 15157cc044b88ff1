/** How the traces of requests that came without one are chosen; the names are those of OpenTelemetry. */
export const samplers = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

export interface TracingConfig {
  /** Where the collector takes traces by OTLP over HTTP, with its path. */
  url: string;
  /** Unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise. */
  serviceName: string;
  serviceVersion: string;
  sampler: (typeof samplers)[number];
  /** Of `traceidratio`, from 0 to 1. */
  samplerArg: number;
  /** Told of what the exporter has to complain about. */
  onProblem: (problem: string) => void;
}

/** A request that has ended. */
export interface TracedRequest {
  method: string;
  /** The route's pattern. */
  endpoint: string;
  /** Without the query. */
  path: string;
  status: number;
  /** On the clock of `performance.now()`. */
  startedAt: number;
  aborted?: boolean | undefined;
  requestId: string;
  cache?: string | undefined;
  /** What `beginRequest` gave; or, for an answer that needed nobody, what the request came with. */
  traceparent: string | undefined;
}

/** Structurally what the Robin client takes. */
export interface TracedCall {
  service: string;
  endpoint: string;
  method: string;
}

export interface Tracing {
  /**
   * Begins the span of a request, which `endRequest` has to end.
   * @param parent a valid traceparent that the request came with.
   * @returns the traceparent of the span, for what the request causes.
   */
  beginRequest(parent: string | undefined): string;
  /** Also makes the span of a request that was never begun, after the fact. */
  endRequest(request: TracedRequest): void;
  startCall(call: TracedCall & { parent: string | undefined }): {
    traceparent: string;
    end(call: { outcome: string; status?: number }): void;
  };
  /** Sends what waits; gives up after the time. */
  close(withinMs: number): Promise<void>;
}

/** Loads OpenTelemetry's SDK, which costs start time and memory, only now. */
export async function startTracing(config: TracingConfig): Promise<Tracing> {
  return (await import("./otlp-tracing.ts")).createTracing(config);
}
