import {
  AppError,
  appRouter,
  cacheRules,
  type Deps,
  Download,
  LiveStream,
  type ProcedureInfo,
  toAppError,
} from "@robin/api";
import { callTRPCProcedure } from "@trpc/server";
import { type Request, type Response, Router } from "express";
import { createOpenApiExpressMiddleware } from "trpc-to-openapi";
import { sendDownload } from "./download-response.ts";
import { type KeptAnswers, varyOf } from "./hot-path/send-kept.ts";
import { sendEvents, withLastEventId } from "./live/event-stream.ts";
import { logDefect, refuseMethod, sendError } from "./error-response.ts";
import { type BodyLimits, createBodyReader, uploadedField } from "./request-body.ts";
import { type AppResponse, createContext } from "./request-context.ts";
import { createRestRoutes, type RestLocals } from "./rest-routes.ts";

interface RestParts {
  deps: Deps;
  limits: BodyLimits;
  kept: KeptAnswers;
}

/** Serves every procedure that declares `meta.openapi` or `meta.upload`. ADR 0001 lists what is corrected in the adapter. */
export function createRestRouter({ deps, limits, kept }: RestParts): Router {
  const findRoute = createRestRoutes();
  const failures = new WeakMap<Request, AppError>();
  const callByAdapter = createOpenApiExpressMiddleware({
    router: appRouter,
    createContext: ({ req, res }) => createContext(deps, req as Request, res as AppResponse, "rest"),
    onError: ({ error, req }) => {
      failures.set(req as Request, errorOf(error));
      logDefect(deps.logger, error, req as Request);
    },
  });

  const rest = Router({ caseSensitive: false });
  rest.use((req, res, next) => {
    const route = findRoute(req.path);
    const operation = route?.operation(req);
    if (!route) {
      sendError(res, new AppError("not_found", `There is nothing at ${req.path.slice(0, 200)}.`));
    } else if (!operation) {
      refuseMethod(req, res, route.methods);
    } else {
      Object.assign(res.locals, { operation } satisfies RestLocals);
      next();
    }
  });
  rest.use(refuseEmptyFields, createBodyReader(limits));
  rest.use(async (req, res, next) => {
    const { procedure, parameters } = (res.locals as RestLocals).operation;
    if (procedure.meta.upload) {
      const { upload } = procedure.meta;
      const input = async () => ({ ...req.query, ...(await uploadedField(req, upload)) });
      await answerDirectly(procedure, input, { req, res: res as AppResponse });
    } else if (procedure.meta.stream) {
      const input = () => Promise.resolve(withLastEventId(req));
      await answerDirectly(procedure, input, { req, res: res as AppResponse });
    } else if (procedure.meta.download || Object.hasOwn(cacheRules, procedure.path)) {
      const input = () => Promise.resolve({ ...req.query, ...parameters });
      await answerDirectly(procedure, input, { req, res: res as AppResponse });
    } else {
      next();
    }
  });
  rest.use(refuseStrayQuery, requireJsonObject, (req, res, next) => {
    const { bodyField } = (res.locals as RestLocals).operation.procedure.meta;
    if (bodyField !== undefined) req.body = { [bodyField]: req.body as unknown };
    // The adapter knows it in small letters only.
    req.headers["content-type"] = "application/json";
    // Node leaves the body out of an answer to HEAD by itself.
    if (req.method === "HEAD") req.method = "GET";
    res.setHeader("cache-control", "no-store");
    callByAdapter(req, correctErrors(req, res)).catch(next);
  });
  return rest;

  /** What the adapter cannot do, bodies and answers that are no JSON, or not quickly: answers that are kept. */
  async function answerDirectly(
    { path, type }: ProcedureInfo,
    getRawInput: () => Promise<unknown>,
    { req, res }: { req: Request; res: AppResponse },
  ): Promise<void> {
    res.setHeader("cache-control", "no-store");
    try {
      const ctx = createContext(deps, req, res, "rest");
      const call = { router: appRouter, path, type, ctx, getRawInput, signal: ctx.signal, batchIndex: 0 };
      const output: unknown = await callTRPCProcedure(call);
      const { answer } = res.locals.trace;
      if (output instanceof Download) await sendDownload(req, res, output);
      else if (output instanceof LiveStream) sendEvents(req, res, output as LiveStream);
      else if (answer) await kept.send(req, res, { answer, form: "rest", vary: varyOf(res, "rest") });
      else res.json(output);
    } catch (error) {
      logDefect(deps.logger, error as Error, req);
      if (!res.headersSent) sendError(res, errorOf(error));
    }
  }

  /** The adapter ends errors in tRPC's vocabulary; they leave in ours. */
  function correctErrors(req: Request, res: Response): Response {
    const end = res.end.bind(res);
    res.end = ((body: string) => {
      res.end = end;
      const failure = failures.get(req);
      if (failure) {
        sendError(res, failure);
        return res;
      }
      res.setHeader("content-type", "application/json; charset=utf-8");
      res.setHeader("content-length", Buffer.byteLength(body));
      return end(body);
    }) as typeof res.end;
    return res;
  }
}

/** The adapter drops an empty query field, also one that no operation knows. */
function refuseEmptyFields(req: Request, res: Response, next: () => void): void {
  const issues = Object.entries(req.query)
    .filter(([, value]) => value === "")
    .map(([name]) => ({ path: name, message: "is empty" }));
  if (issues.length > 0) sendError(res, new AppError("invalid_input", "The input is not valid.", { issues }));
  else next();
}

/** A failed procedure rejects with an error of tRPC that carries ours. */
function errorOf(error: unknown): AppError {
  return toAppError(error instanceof Error && error.cause instanceof AppError ? error.cause : error);
}

/** The adapter reads the body alone and drops these without a word, such as a `dryRun` that was meant. */
function refuseStrayQuery(req: Request, res: Response, next: () => void): void {
  const names = ["POST", "PUT", "PATCH"].includes(req.method) ? Object.keys(req.query) : [];
  const issues = names.map((name) => ({ path: name, message: "belongs into the body" }));
  if (issues.length > 0) sendError(res, new AppError("invalid_input", "The input is not valid.", { issues }));
  else next();
}

function requireJsonObject(req: Request, res: Response, next: () => void): void {
  const body: unknown = (req.body as unknown) ?? {};
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    sendError(res, new AppError("invalid_input", "The body must be a JSON object."));
    return;
  }
  if (isDeeperThan(body, nestingMax)) {
    sendError(res, new AppError("invalid_input", "The body is nested too deeply."));
    return;
  }
  req.body = body;
  next();
}

/** Far more than any input has; the adapter writes the body as JSON again, which overflows the stack on deep ones. */
const nestingMax = 100;

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(part, levels - 1));
}
