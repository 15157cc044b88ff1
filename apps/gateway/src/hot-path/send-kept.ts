import { type CacheResult, type Deps, keyFor, type KeptAnswer, listProcedures } from "@robin/api";
import type { Request, RequestHandler } from "express";
import type { IncomingMessage } from "node:http";
import { costOf } from "../limits/request-cost.ts";
import type { AppResponse } from "../request-context.ts";
import { endpointOf } from "../request-endpoint.ts";
import { encodingFor } from "./negotiation.ts";
import { isMemorable, type KnownUrl, type KnownUrls } from "./known-urls.ts";
import { type AnswerForm, prepare } from "./prepared-answer.ts";
import { replyWith } from "./reply.ts";

interface Sent {
  answer: KeptAnswer;
  form: AnswerForm;
  vary: string;
}

interface Ready {
  answer: KeptAnswer;
  result: CacheResult;
}

/** The answers of the cache within Express, for requests that the front handler leaves to it. */
export interface KeptAnswers {
  /** Answers what can be answered right away; belongs behind sign-in and limits. */
  middleware: RequestHandler;
  /** Also remembers that the request's URL leads to this answer. */
  send(req: Request, res: AppResponse, sent: Sent): Promise<void>;
  remember(req: Request, res: AppResponse, sent: Sent): void;
}

export function createKeptAnswers({ cache }: Pick<Deps, "cache">, urls: KnownUrls): KeptAnswers {
  const permissions = new Map(listProcedures().map(({ path, meta }) => [path, meta.permission]));

  async function send(req: Request, res: AppResponse, { answer, form, vary }: Sent): Promise<void> {
    const encoded = await prepare(answer, form).encode(encodingFor(req.headers["accept-encoding"]));
    const { ageSeconds } = res.locals.trace;
    const { status, headers, body } = replyWith(encoded, { ifNoneMatch: req.headers["if-none-match"], ageSeconds });
    res.setHeader("vary", vary);
    for (let at = 0; at < headers.length; at += 2) res.setHeader(headers[at] ?? "", headers[at + 1] ?? "");
    res.locals.isEncoded = true;
    res.status(status).end(body);
  }

  function remember(req: Request, res: AppResponse, { answer: { procedure, base }, form, vary }: Sent): void {
    const url = req.originalUrl;
    const rule = cache.ruleOf(procedure);
    if (!rule || !isMemorable(url)) return;
    const path = url.split("?", 1)[0] ?? "";
    const [endpoint, cost] = [endpointOf(req, res, path), costOf(path)];
    urls.set(url, { procedure, rule, permission: permissions.get(procedure), base, form, vary, cost, path, endpoint });
  }

  return {
    remember,

    send(req, res, sent) {
      remember(req, res, sent);
      return send(req, res, sent);
    },

    async middleware(req, plainResponse, next) {
      const res = plainResponse as AppResponse;
      const known = urls.get(req.originalUrl);
      if (!known || !isPlainRead(known, req) || !isAllowed(known, res)) {
        next();
        return;
      }
      const key = keyFor(known.base, known.rule, res.locals.authentication?.principal);
      let ready: Ready | undefined = cache.peek(key);
      const settled = ready ? undefined : cache.settled(known.procedure, key);
      if (settled) {
        // Many come at the end of an answer's time: what the first of them brings need not be written by each adapter.
        await settled;
        const found = cache.peek(key);
        ready = found?.result === "hit" ? { ...found, result: "coalesced" } : found;
      }
      if (!ready) {
        next();
        return;
      }
      const { answer, result } = ready;
      res.locals.trace.cache = result;
      if (result === "stale") res.locals.trace.ageSeconds = cache.ageSeconds(answer);
      cache.count(known.procedure, result);
      res.locals.endpoint = known.endpoint;
      await send(req, res, { answer, form: known.form, vary: known.vary });
    },
  };
}

/** What the answer depends on beyond what the middleware before has said. */
export function varyOf(res: AppResponse, form: AnswerForm): string {
  const own = form === "rest" ? ["Accept-Encoding"] : ["Accept-Encoding", "trpc-accept", "accept"];
  const said = res.getHeader("vary");
  return [...(said === undefined ? [] : [String(said)]), ...own].join(", ");
}

/** Whether this is the usual request for what is known at its URL, of which nothing else has a say. */
export function isPlainRead({ form }: KnownUrl, { method, headers }: IncomingMessage): boolean {
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) return false;
  if (form === "rest") return method === "GET" || method === "HEAD";
  return method === "GET" && headers["trpc-accept"] === undefined && !headers.accept?.includes("jsonl");
}

function isAllowed({ permission, rule }: KnownUrl, { locals: { authentication = {}, refusal } }: AppResponse): boolean {
  if (refusal) return false;
  if (permission) return authentication.principal?.permissions.includes(permission) ?? false;
  // A sign-in that could not be checked is for the procedure to look at.
  return rule.sharedBy === "everyone" || authentication.error === undefined;
}
