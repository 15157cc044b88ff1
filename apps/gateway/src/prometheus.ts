import { AppError, type Deps, isPrivateAddress, type RequestTrace } from "@robin/api";
import type { RobinClientConfig } from "@robin/sdk";
import { type Request, type Response, Router } from "express";
import { createHash, timingSafeEqual } from "node:crypto";
import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import { sendError } from "./error-response.ts";
import { addGauges } from "./gauges.ts";
import { ipAddressOf } from "./request-context.ts";
import { createRequestSeries, durationBuckets } from "./request-series.ts";

/** What Prometheus is told of this process. */
export interface Meters {
  registry: Registry;
  /** What Prometheus reads: of this process, or of all where there are several. */
  expose(): Promise<string>;
  /** Counts a request that has ended. */
  countRequest(request: CountedRequest, seconds: number): void;
  /** For the Robin client. */
  onCall: NonNullable<RobinClientConfig["onCall"]>;
  /** For the limits, of which there are a handful. */
  onLimitExceeded: (limit: string) => void;
}

export interface CountedRequest {
  method: string;
  /** The route's pattern. */
  endpoint: string;
  status: number;
  aborted?: boolean | undefined;
  trace: Pick<RequestTrace, "cache">;
}

interface MetersConfig {
  /** How many lines the log has lost so far. */
  droppedLines?: (() => number) | undefined;
}

/** Node's parser knows dozens of others, and each would be another series. */
const usualMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** The caller went away before the answer. */
const closedRequest = 499;

export function createMeters({ droppedLines }: MetersConfig = {}): Meters {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const calls = new Counter({
    name: "gateway_upstream_requests_total",
    help: "Calls to Robin's ports, by how they ended.",
    labelNames: ["service", "endpoint", "outcome"],
    registers,
  });
  const callDurations = new Histogram({
    name: "gateway_upstream_duration_seconds",
    help: "Time of calls to Robin, waiting in our own line included.",
    labelNames: ["service", "endpoint"],
    buckets: durationBuckets,
    registers,
  });
  const refusals = new Counter({
    name: "gateway_rate_limit_exceeded_total",
    help: "Requests and sign-ins that a limit refused.",
    labelNames: ["limit"],
    registers,
  });
  let countedLines = 0;
  const lost = new Counter({
    name: "gateway_log_lines_dropped_total",
    help: "Lines that the log has lost because nobody read those before them.",
    registers,
    collect() {
      const all = droppedLines?.() ?? 0;
      lost.inc(all - countedLines);
      countedLines = all;
    },
  });
  const seriesOf = createRequestSeries(registry);
  return {
    registry,
    expose: () => registry.metrics(),
    countRequest({ method, endpoint, status, aborted, trace: { cache } }, seconds) {
      const series = seriesOf(endpoint, usualMethods.has(method) ? method : "OTHER");
      series.count(aborted ? closedRequest : status);
      series.observe(seconds);
      if (cache !== undefined) series.countCached(cache);
    },
    onCall({ service, endpoint, outcome, durationMs }) {
      calls.inc({ service, endpoint, outcome });
      callDurations.observe({ service, endpoint }, durationMs / 1000);
    },
    onLimitExceeded(limit) {
      refusals.inc({ limit });
    },
  };
}

interface PrometheusConfig {
  meters: Meters;
  deps: Pick<Deps, "robin" | "db" | "clock">;
  /** Lets in whoever has it, from any address. */
  token: string | undefined;
}

/**
 * `/metrics` and `/actuator/prometheus`. The first one is also the UI's path: with `start`, or for who prefers JSON, the
 * request goes on to the procedures.
 */
export function createPrometheusRouter({ meters, deps, token }: PrometheusConfig): Router {
  const { registry } = meters;
  addGauges(registry, deps);

  const expose = async (req: Request, res: Response): Promise<void> => {
    if (!isPrivateClient(req) && !hasToken(req, token)) {
      sendError(res, token === undefined ? notFromHere : tokenNeeded);
      return;
    }
    const text = await meters.expose();
    res.setHeader("cache-control", "no-store").setHeader("content-type", registry.contentType).end(text);
  };
  const router = Router();
  router.get("/actuator/prometheus", expose);
  router.get("/metrics", (req, res, next) => {
    const isForUi = "start" in req.query || req.accepts(["text/plain", "application/json"]) === "application/json";
    if (isForUi) next();
    else expose(req, res).catch(next);
  });
  return router;
}

const notFromHere = new AppError(
  "forbidden",
  "Only loopback and private addresses may read this; METRICS_TOKEN lets in others.",
);
const tokenNeeded = new AppError("unauthenticated", "Send METRICS_TOKEN as `Authorization: Bearer ...`.");

/** Behind a proxy of which TRUST_PROXY does not tell, every client would have the proxy's private address. */
function isPrivateClient(req: Request): boolean {
  if (!isPrivateAddress(ipAddressOf(req))) return false;
  if (!["x-forwarded-for", "forwarded", "x-real-ip"].some((header) => header in req.headers)) return true;
  const trusts = req.app.get("trust proxy fn") as (address: string | undefined, hop: number) => boolean;
  return "x-forwarded-for" in req.headers && trusts(req.socket.remoteAddress, 0);
}

function hasToken({ headers: { authorization = "" } }: Request, token: string | undefined): boolean {
  const [, given] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  return token !== undefined && given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
