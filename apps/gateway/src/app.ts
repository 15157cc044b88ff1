import { appRouter, type Deps, listProcedures, toAppError } from "@robin/api";
import type { Tracing } from "@robin/tracing";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import compression from "compression";
import express, { type Request, type RequestHandler, type Response } from "express";
import type { RequestListener } from "node:http";
import type { Logger } from "pino";
import { createDocsRouter } from "./docs.ts";
import { errorHandler, logDefect, notFound, refuseMethod } from "./error-response.ts";
import { acceptFormerPaths } from "./former-paths.ts";
import { createHealthRouter } from "./health.ts";
import { createFront } from "./hot-path/front.ts";
import { createKnownUrls } from "./hot-path/known-urls.ts";
import { compressedFromBytes } from "./hot-path/prepared-answer.ts";
import { staleHeaders } from "./hot-path/reply.ts";
import { createKeptAnswers, varyOf } from "./hot-path/send-kept.ts";
import { limitCredentials, limitRequests } from "./limits/limit-requests.ts";
import type { Limiter } from "./limits/limiter.ts";
import { countSockets, createQueueSockets } from "./live/sockets.ts";
import { authenticate } from "./principal.ts";
import { createMeters, createPrometheusRouter, type Meters } from "./prometheus.ts";
import { expectMail, mailJsonBytesMax, refuseOtherBodies } from "./request-body.ts";
import { type AppResponse, beginRequest, createContext, ipAddressOf, type RequestLocals } from "./request-context.ts";
import { endpointOf } from "./request-endpoint.ts";
import { createRecorder, type Recorder } from "./request-record.ts";
import { crossOriginHeaders, presetHeaders, securityHeaders } from "./response-headers.ts";
import { createRestRouter } from "./rest.ts";
import { createUiRouter } from "./ui.ts";
import { createUnsupportedRouter } from "./unsupported.ts";

export interface AppConfig {
  /** Bytes. */
  bodyBytesMax: number;
  requestTimeoutMs: number;
  corsOrigins: readonly string[];
  corsAllowCredentials: boolean;
  /** As Express takes it: false, a number of hops, or addresses. */
  trustProxy: boolean | number | string;
  /** Folder of the built Robin UI, to be served beside the API. */
  uiDirectory?: string | undefined;
  /** For `/metrics`, from addresses that are not private. */
  metricsToken?: string | undefined;
}

interface AppParts {
  deps: Deps;
  config: AppConfig;
  logger: Logger;
  /** Asked when somebody reads it, for it is large. */
  openApiDocument: () => object;
  /** Nothing is limited without one. */
  limiter?: Limiter | undefined;
  /** When the Robin client, too, reports to them. */
  meters?: Meters;
  tracing?: Tracing | undefined;
  /** True once the process is shutting down. */
  draining?: () => boolean;
}

/** What one request can make Robin do is bounded, whatever the limits are. */
const callsPerBatchMax = 20;

/** The paths at the root that the Robin UI's production build calls without the prefix. */
const dropInPaths = [
  "/queue",
  "/storage",
  "/logs",
  "/metrics",
  "/config",
  "/scanners",
  "/blocklist",
  "/health/aggregate",
];

/** The whole HTTP surface, ready for a server to listen with. */
export function createApp(parts: AppParts): RequestListener {
  const { deps, config, logger, limiter, tracing, openApiDocument } = parts;
  const { meters = createMeters(), draining = () => false } = parts;
  const recorder = createRecorder({ logger, meters, tracing });
  const app = express();
  app.disable("x-powered-by").disable("etag").set("trust proxy", config.trustProxy).set("query parser", "simple");

  app.use(beginRequest(config.requestTimeoutMs, tracing), recordRequests(recorder), securityHeaders());
  app.use(closeWhen(draining));
  app.use(crossOriginHeaders(config), compression({ threshold: compressedFromBytes, filter: isToBeCompressed }));

  app.use(acceptFormerPaths);
  app.use(createHealthRouter(deps, draining));
  app.use(createDocsRouter(openApiDocument));
  if (config.uiDirectory) {
    app.use(createUiRouter({ directory: config.uiDirectory, sharedPaths: dropInPaths }));
  }
  app.use(createPrometheusRouter({ meters, deps, token: config.metricsToken }));

  if (limiter) app.use(limitCredentials(limiter, deps.authenticator));
  app.use(authenticate(deps));
  if (limiter) app.use(limitRequests(limiter));
  const urls = createKnownUrls();
  const kept = createKeptAnswers(deps, urls);
  app.use(kept.middleware);
  const sockets = createQueueSockets(deps, config);
  meters.registry.registerMetric(countSockets(sockets));
  app.use(sockets.router);
  const trpc = (maxBodySize: number) =>
    createExpressMiddleware({
      router: appRouter,
      maxBodySize,
      maxBatchSize: callsPerBatchMax,
      onError: ({ error, req }) => {
        logDefect(logger, error, req);
      },
      createContext: ({ req, res }) => createContext(deps, req, res as AppResponse, "trpc"),
      responseMeta: ({ errors, ctx, type }) => {
        const retryAfter = errors.map((error) => toAppError(error.cause ?? error).retryAfterSeconds ?? 0);
        // What is watched has its own, which keeps it from being held back for compression.
        const headers: Record<string, string> = type === "subscription" ? {} : { "cache-control": "no-store" };
        const ageSeconds = ctx?.trace.ageSeconds;
        if (ageSeconds !== undefined) Object.assign(headers, staleHeaders(ageSeconds));
        if (retryAfter.some((seconds) => seconds > 0)) headers["retry-after"] = String(Math.max(...retryAfter));
        return { headers };
      },
    });
  const trpcSmall = trpc(config.bodyBytesMax);
  const trpcMail = trpc(Math.max(config.bodyBytesMax, mailJsonBytesMax));
  const procedures = new Map(listProcedures().map((procedure) => [`/${procedure.path}`, procedure]));
  app.use("/trpc", refuseOtherMethods, refuseOtherBodies, (req, res, next) => {
    // Of a batch the path names several, so it is none of these.
    const procedure = procedures.get(req.path);
    if (procedure && req.method === "GET" && !("batch" in req.query)) rememberCall(req, res as AppResponse);
    const isMail = procedure && expectMail(req, res as AppResponse, procedure, config.requestTimeoutMs);
    (isMail ? trpcMail : trpcSmall)(req, res, next);
  });
  const rest = createRestRouter({ deps, limits: config, kept });
  app.use(createUnsupportedRouter());
  app.use("/api/v1", rest);
  app.use(dropInAliases(rest));
  app.use(notFound, errorHandler(logger));

  const front = createFront({
    deps,
    urls,
    recorder,
    limiter,
    draining,
    headersFor: presetHeaders(config),
    trust: config.trustProxy === false ? undefined : (app.get("trust proxy fn") as (address: string) => boolean),
    servesUi: config.uiDirectory !== undefined,
  });
  return (req, res) => {
    if (!front(req, res)) app(req, res);
  };

  /** The adapter writes the answer; the next one to the same URL comes from the cache. */
  function rememberCall(req: Request, res: AppResponse): void {
    // Now, because the adapter puts its own in place of what others have said.
    const vary = varyOf(res, "trpc");
    res.once("finish", () => {
      const { answer } = res.locals.trace;
      if (answer && res.statusCode === 200) kept.remember(req, res, { answer, form: "trpc", vary });
    });
  }
}

function isToBeCompressed(req: Request, res: Response): boolean {
  return !(res as AppResponse).locals.isEncoded && compression.filter(req, res);
}

/** tRPC's adapter answers a method that fetch does not know, such as TRACE, with a 500. */
const refuseOtherMethods: RequestHandler = (req, res, next) => {
  const methods = ["GET", "HEAD", "POST"];
  if (methods.includes(req.method)) next();
  else refuseMethod(req, res, methods);
};

/** Hands drop-in paths to the REST router as they are: they are its paths without the prefix. */
function dropInAliases(rest: RequestHandler): RequestHandler {
  return (req, res, next) => {
    if (dropInPaths.some((prefix) => req.path === prefix || req.path.startsWith(`${prefix}/`))) rest(req, res, next);
    else next();
  };
}

/** One line for each request, and one count. */
function recordRequests(recorder: Recorder): RequestHandler {
  return (req, res, next) => {
    // Routers take prefixes off the path as the request goes on.
    const { method, path } = req;
    res.once("close", () => {
      const { requestId, startedAt, trace, authentication } = res.locals as RequestLocals;
      recorder.record({
        requestId,
        method,
        path,
        endpoint: endpointOf(req, res, path),
        status: res.statusCode,
        startedAt,
        trace,
        principal: authentication?.principal,
        ipAddress: ipAddressOf(req),
        aborted: !res.writableFinished,
      });
    });
    next();
  };
}

function closeWhen(draining: () => boolean): RequestHandler {
  return (_req, res, next) => {
    if (draining()) res.setHeader("connection", "close");
    next();
  };
}
