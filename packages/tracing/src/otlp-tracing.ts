import {
  type Attributes,
  context,
  type Context,
  diag,
  DiagLogLevel,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TracedRequest, Tracing, TracingConfig } from "./index.ts";

/** What OpenTelemetry's conventions know; another method would be as many names as there are callers with ideas. */
const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"]);

/** A collector that is away is worth a line now and then, not one for each batch. */
const problemEveryMs = 5 * 60_000;

export function createTracing(config: TracingConfig): Tracing {
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": config.serviceName, "service.version": config.serviceVersion }))
      .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] })),
    sampler: samplerOf(config),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: config.url }) })],
  });
  reportProblems(config.onProblem);
  const tracer = provider.getTracer("robin-gateway", config.serviceVersion);
  const running = new Map<string, Span>();

  /** Named when it ends: the route is known by then. */
  function startServerSpan(parent: string | undefined, startedAt?: number): Span {
    const options = { kind: SpanKind.SERVER, ...(startedAt !== undefined && { startTime: onTheWall(startedAt) }) };
    return tracer.startSpan("request", options, contextOf(parent));
  }

  return {
    beginRequest(parent) {
      const span = startServerSpan(parent);
      const traceparent = traceparentOf(span);
      running.set(traceparent, span);
      return traceparent;
    },
    endRequest(request) {
      const { traceparent, startedAt, method, endpoint, status, aborted } = request;
      const begun = traceparent === undefined ? undefined : running.get(traceparent);
      const span = begun ?? startServerSpan(traceparent, startedAt);
      if (traceparent !== undefined) running.delete(traceparent);
      if (!span.isRecording()) return;
      span.updateName(`${methodOf(method)} ${endpoint}`);
      span.setAttributes(attributesOf(request));
      if (status >= 500 || aborted) span.setStatus({ code: SpanStatusCode.ERROR });
      // Both ends by one clock.
      span.end(begun ? undefined : onTheWall(performance.now()));
    },
    startCall({ service, endpoint, method, parent }) {
      const attributes = {
        "http.request.method": method,
        "url.template": endpoint,
        "peer.service": "robin",
        "robin.port": service,
      };
      const span = tracer.startSpan(`${method} ${endpoint}`, { kind: SpanKind.CLIENT, attributes }, contextOf(parent));
      return {
        traceparent: traceparentOf(span),
        end({ outcome, status }) {
          if (status !== undefined) span.setAttribute("http.response.status_code", status);
          if (outcome !== "ok") {
            span.setAttribute("error.type", outcome);
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end();
        },
      };
    },
    async close(withinMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      });
      const flushed = provider.shutdown().catch(() => undefined);
      await Promise.race([flushed, late]).finally(() => {
        clearTimeout(timer);
      });
    },
  };
}

function onTheWall(performanceNow: number): number {
  return performance.timeOrigin + performanceNow;
}

function attributesOf({ method, endpoint, path, status, aborted, requestId, cache }: TracedRequest): Attributes {
  return {
    "http.request.method": methodOf(method),
    "http.route": endpoint,
    "url.path": path,
    "url.scheme": "http",
    "http.response.status_code": status,
    "gateway.request_id": requestId,
    ...(cache !== undefined && { "gateway.cache": cache }),
    ...(aborted ? { "error.type": "aborted" } : status >= 500 && { "error.type": String(status) }),
  };
}

function methodOf(method: string): string {
  return knownMethods.has(method) ? method : "_OTHER";
}

function samplerOf({ sampler, samplerArg }: TracingConfig): Sampler {
  const [, isByParent, kind] = /^(parentbased_)?(.+)$/.exec(sampler) ?? [];
  const roots: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(samplerArg),
  };
  const root = roots[kind ?? ""]?.() ?? new AlwaysOnSampler();
  return isByParent ? new ParentBasedSampler({ root }) : root;
}

/** The context in which a span becomes the child of this one. */
function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = traceparent?.split("-") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return context.active();
  const traceFlags = Number.parseInt(flags, 16) & 1;
  return trace.setSpanContext(context.active(), { traceId, spanId, traceFlags, isRemote: true });
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}

function reportProblems(onProblem: (problem: string) => void): void {
  let quietUntil = 0;
  const report = (problem: string): void => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + problemEveryMs;
    onProblem(problem);
  };
  const ignore = (): void => undefined;
  const logger = { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
