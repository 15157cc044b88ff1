import type { Clock, Context, Deps, RefreshCookie, RequestTrace } from "@robin/api";
import { AppError, errorCatalogue } from "@robin/api";
import type { Tracing } from "@robin/tracing";
import { TRPCError } from "@trpc/server";
import { parseCookie, stringifySetCookie } from "cookie";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { type Authentication, credentialOf } from "./principal.ts";
import { takeTraceparent } from "./trace-context.ts";

/** What the middleware before the routers found out about a request; kept in `res.locals`. */
export interface RequestLocals {
  requestId: string;
  startedAt: number;
  /** Milliseconds on the clock of `performance.now()` by which the answer has to be there. */
  deadlineAt: number;
  trace: RequestTrace;
  authentication?: Authentication;
  /** Of a call by tRPC that a limit refuses; its context throws it. */
  refusal?: AppError;
  /** The route's pattern, where the answer came before the route. */
  endpoint?: string;
  /** The body is compressed already, or better left as it is. */
  isEncoded?: boolean;
}

export type AppResponse = Response<unknown, RequestLocals>;

const saneRequestId = /^[\w.:-]{1,128}$/;
const refreshCookieName = "refreshToken";

export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === "string" && saneRequestId.test(given) ? given : randomUUID();
}

/** Takes over a sane `x-request-id`, or makes one, and sends it back. */
export function beginRequest(timeoutMs: number, tracing: Tracing | undefined): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    const requestId = requestIdOf(req.headers["x-request-id"]);
    const startedAt = performance.now();
    const given = takeTraceparent(req.headers.traceparent);
    const trace = { traceparent: tracing ? tracing.beginRequest(given) : given, upstreamMs: 0, cache: undefined };
    Object.assign(res.locals, {
      requestId,
      startedAt,
      deadlineAt: startedAt + timeoutMs,
      trace,
    } satisfies RequestLocals);
    res.setHeader("x-request-id", requestId);
    next();
  };
}

/**
 * The context of the procedures for one request.
 * @throws TRPCError when a limit refuses the call.
 */
export function createContext(deps: Deps, req: Request, res: AppResponse, road: Context["road"]): Context {
  const { requestId, authentication, trace, refusal } = res.locals;
  if (refusal) throw new TRPCError({ code: errorCatalogue[refusal.code].trpcCode, cause: refusal });
  const streams = road === "rest" || wantsStream(req);
  return {
    deps,
    requestId,
    trace,
    road,
    streams,
    ipAddress: ipAddressOf(req),
    userAgent: req.headers["user-agent"] ?? "",
    signal: abortOnClose(res),
    deadlineAt: () => res.locals.deadlineAt,
    refreshCookie: refreshCookie(req, res, { clock: deps.clock, streamed: road === "trpc" && streams }),
    principal: authentication?.principal,
    authenticationError: authentication?.error,
    credential: () => String(credentialOf(req)),
  };
}

/** The client's address; where a proxy forwards none, the proxy's own. Never longer than 45 characters. */
export function ipAddressOf(req: Request): string {
  return plainAddress(req.ip) ?? plainAddress(req.socket.remoteAddress) ?? "";
}

/** Without the port that some proxies add and without a zone; IPv4 in its own notation also where the socket is IPv6. */
export function plainAddress(text = ""): string | undefined {
  const host = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const address = host.replace(/%.*$/s, "").replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) === 0 ? undefined : address;
}

function abortOnClose(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Express compares the scheme letter by letter; a proxy may write it in capitals. */
function isHttps(req: Request): boolean {
  return req.protocol.toLowerCase() === "https";
}

/** As tRPC decides it: by its own header, or without that by one of the types in `Accept`. */
function wantsStream({ headers }: Request): boolean {
  const streamType = "application/jsonl";
  const own = headers["trpc-accept"];
  if (own !== undefined) return own === streamType;
  return headers.accept?.split(",").some((type) => type.trim() === streamType) ?? false;
}

function refreshCookie(
  req: Request,
  res: Response,
  { clock, streamed }: { clock: Clock; streamed: boolean },
): RefreshCookie {
  const attributes = { httpOnly: true, sameSite: "strict", path: "/", secure: isHttps(req) } as const;
  const send = (value: string, expiresAt: Date) => {
    const maxAge = Math.max(0, Math.round((expiresAt.getTime() - clock.now().getTime()) / 1000));
    res.setHeader(
      "set-cookie",
      stringifySetCookie({ name: refreshCookieName, value, maxAge, expires: expiresAt, ...attributes }),
    );
  };
  return {
    value: parseCookie(req.headers.cookie ?? "")[refreshCookieName],
    // A streamed batch has sent its head before the procedure knows the cookie.
    ensureWritable: () => {
      if (streamed) {
        throw new AppError(
          "precondition_failed",
          "This sets a cookie, which a streamed batch cannot carry: use httpLink or httpBatchLink.",
        );
      }
    },
    set: send,
    clear: () => {
      send("", new Date(0));
    },
  };
}
