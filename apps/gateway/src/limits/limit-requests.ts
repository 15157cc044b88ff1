import { AppError, type Authenticator } from "@robin/api";
import type { Request, RequestHandler, Response } from "express";
import { sendError } from "../error-response.ts";
import { credentialOf } from "../principal.ts";
import { ipAddressOf, type RequestLocals } from "../request-context.ts";
import type { Limiter, LimitVerdict } from "./limiter.ts";
import { costOf } from "./request-cost.ts";
import { secondsText } from "./seconds-text.ts";

/** For cross-origin pages, which may read other headers only when they are named. */
export const limitHeaders = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy"];

/**
 * Goes before sign-in is checked: of an address that has used up its requests no credential is looked at that was not
 * seen to be good before, so that guesses cost nothing but this.
 */
export function limitCredentials(limiter: Limiter, { recognises }: Pick<Authenticator, "recognises">): RequestHandler {
  return (req, res, next) => {
    const credential = credentialOf(req);
    const isNew = typeof credential === "string" && !recognises(credential);
    const refusal = isNew ? limiter.refusalOf(ipAddressOf(req)) : undefined;
    if (!refusal) {
      next();
    } else if (costOf(req.path).cost === 0) {
      Object.assign(res.locals, { authentication: {} } satisfies Partial<RequestLocals>);
      next();
    } else {
      refuse(req, res, { verdict: refusal, next });
    }
  };
}

/** Goes after sign-in is checked: counts the request for the user, or for the address of one without a valid sign-in. */
export function limitRequests(limiter: Limiter): RequestHandler {
  return async (req, res, next) => {
    const { authentication, refusal } = res.locals as RequestLocals;
    const { cost, queueCost } = costOf(req.path);
    const isBadSignIn = authentication?.error?.code === "unauthenticated";
    if (refusal || (cost === 0 && !isBadSignIn)) {
      next();
      return;
    }
    const request = {
      principal: authentication?.principal,
      address: ipAddressOf(req),
      isQueue: queueCost > 0,
      cost: Math.max(1, cost),
      queueCost,
    };
    const verdict = await limiter.take(request);
    if (cost === 0) {
      next();
      return;
    }
    for (let at = 0; at < verdict.headers.length; at += 2) {
      res.setHeader(verdict.headers[at] ?? "", verdict.headers[at + 1] ?? "");
    }
    if (verdict.allowed) next();
    else refuse(req, res, { verdict, next });
  };
}

/** tRPC answers its callers in its own form, so it is left to throw the error. */
function refuse(req: Request, res: Response, { verdict, next }: { verdict: LimitVerdict; next: () => void }): void {
  const seconds = verdict.retryAfterSeconds ?? 1;
  const whose = verdict.limit === "anonymous" ? "from your address without a sign-in" : "of yours";
  const what = verdict.limit === "queue" ? "requests for the queue" : "requests";
  const error = new AppError("rate_limited", `Too many ${what} ${whose}. Try again in ${secondsText(seconds)}.`, {
    retryAfterSeconds: seconds,
  });
  if (!/^\/trpc\//i.test(req.path)) {
    sendError(res, error);
    return;
  }
  Object.assign(res.locals, { authentication: {}, refusal: error } satisfies Partial<RequestLocals>);
  next();
}
