import { AppError, appRouter, type Deps, listProcedures, toAppError } from "@robin/api";
import express, { type Request, type Response, Router } from "express";
import { createOpenApiExpressMiddleware } from "trpc-to-openapi";
import { logDefect, refuseMethod, sendError } from "./error-response.ts";
import { refuseOtherBodies } from "./request-body.ts";
import { type AppResponse, createContext } from "./request-context.ts";

interface RestRoute {
  pattern: RegExp;
  methods: Set<string>;
  hasParameters: boolean;
}

/** Segments that the adapter would resolve, to run another procedure than the one whose path was found here. */
const detour = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** The REST paths of the procedures, to tell 404 from 405; trpc-to-openapi knows only "not found". */
function restRoutes(): RestRoute[] {
  const routes = new Map<string, RestRoute>();
  for (const { meta } of listProcedures()) {
    if (!meta.openapi) continue;
    const { path, method } = meta.openapi;
    const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}/?$`, "i");
    const route = routes.get(path) ?? { pattern, methods: new Set(), hasParameters: path.includes("{") };
    route.methods.add(method);
    routes.set(path, route);
  }
  return [...routes.values()];
}

/** Serves every procedure that declares `meta.openapi`. ADR 0001 lists what is corrected in the adapter, and how. */
export function createRestRouter(deps: Deps, { bodyBytesMax }: { bodyBytesMax: number }): Router {
  const routes = restRoutes();
  const failures = new WeakMap<Request, AppError>();
  const callProcedure = createOpenApiExpressMiddleware({
    router: appRouter,
    createContext: ({ req, res }) => createContext(deps, req as Request, res as AppResponse, "rest"),
    onError: ({ error, req }) => {
      failures.set(req as Request, toAppError(error.cause instanceof AppError ? error.cause : error));
      logDefect(deps.logger, error, req as Request);
    },
  });

  const rest = Router({ caseSensitive: false });
  rest.use((req, res, next) => {
    const possible = detour.test(req.path) ? [] : routes.filter(({ pattern }) => pattern.test(req.path));
    const literal = possible.filter(({ hasParameters }) => !hasParameters);
    const matching = literal.length > 0 ? literal : possible;
    const methods = [...new Set(matching.flatMap((route) => [...route.methods]))];
    if (methods.includes("GET")) methods.push("HEAD");
    if (methods.length === 0) {
      sendError(res, new AppError("not_found", `There is nothing at ${req.path.slice(0, 200)}.`));
    } else if (!methods.includes(req.method)) {
      refuseMethod(req, res, methods);
    } else {
      next();
    }
  });
  rest.use(
    refuseEmptyFields,
    refuseOtherBodies,
    express.json({ limit: bodyBytesMax, type: "application/json" }),
    requireJsonObject,
  );
  rest.use((req, res, next) => {
    // The adapter knows it in small letters only.
    req.headers["content-type"] = "application/json";
    // Node leaves the body out of an answer to HEAD by itself.
    if (req.method === "HEAD") req.method = "GET";
    res.setHeader("cache-control", "no-store");
    callProcedure(req, correctErrors(req, res)).catch(next);
  });
  return rest;

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
