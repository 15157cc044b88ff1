import { type Deps, keyFor, type Principal } from "@robin/api";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limiter } from "../limits/limiter.ts";
import { credentialOf } from "../principal.ts";
import { requestIdOf } from "../request-context.ts";
import type { Recorder } from "../request-record.ts";
import { takeTraceparent } from "../trace-context.ts";
import { createClientAddress } from "./client-address.ts";
import { encodingFor, prefersHtml } from "./negotiation.ts";
import type { KnownUrl, KnownUrls } from "./known-urls.ts";
import { prepare } from "./prepared-answer.ts";
import { replyWith } from "./reply.ts";
import { isPlainRead } from "./send-kept.ts";

interface FrontParts {
  deps: Pick<Deps, "authenticator" | "cache">;
  urls: KnownUrls;
  recorder: Recorder;
  limiter: Limiter | undefined;
  /** What the middleware of Express sets on every answer, for this `Origin`: name and value in turn. */
  headersFor: (origin: string | undefined) => readonly string[];
  /** Whose `X-Forwarded-For` Express believes; undefined for nobody's. */
  trust: ((address: string, hop: number) => boolean) | undefined;
  /** A browser that navigates gets a page instead. */
  servesUi: boolean;
  draining: () => boolean;
}

/** Answers a request if it takes nothing but look-ups to do so, and then returns true. Nothing has happened otherwise. */
export type Front = (req: IncomingMessage, res: ServerResponse) => boolean;

/**
 * Goes before Express, which takes longer to route a request than this takes to answer it. What it sends is what
 * Express would send, header by header; a test compares them. ADR 0015.
 */
export function createFront(parts: FrontParts): Front {
  const { deps, urls, recorder, limiter, headersFor, trust, servesUi, draining } = parts;
  const { cache } = deps;
  const signIn = createSignIn(deps.authenticator);
  const addressOf = createClientAddress(trust);

  return (req, res) => {
    const known = urls.get(req.url ?? "");
    if (!known || draining()) return false;
    const startedAt = performance.now();
    const { headers } = req;
    // The UI has a say in who is sent a page, and in the encoding of what is asked for in parts.
    if (headers.range !== undefined || (servesUi && prefersHtml(headers.accept))) return false;
    if (!isPlainRead(known, req)) return false;

    const principal = signIn(req);
    if (principal === "unknown") return false;
    const { permission, procedure } = known;
    if (permission !== undefined && !principal?.permissions.includes(permission)) return false;

    const ready = cache.peek(keyFor(known.base, known.rule, principal));
    const encoded = ready && prepare(ready.answer, known.form).ready(encodingFor(headers["accept-encoding"]));
    if (!ready || !encoded) return false;

    const ipAddress = addressOf(req.socket, headers["x-forwarded-for"]);
    const limit = takeNow(known, principal, ipAddress);
    if (!limit) return false;

    const { result, answer } = ready;
    const requestId = requestIdOf(headers["x-request-id"]);
    const ageSeconds = result === "stale" ? cache.ageSeconds(answer) : undefined;
    const reply = replyWith(encoded, { ifNoneMatch: headers["if-none-match"], ageSeconds });
    res.writeHead(reply.status, [
      "x-request-id",
      requestId,
      ...headersFor(headers.origin),
      ...limit,
      "vary",
      known.vary,
      ...reply.headers,
    ]);
    res.end(reply.body);
    cache.count(procedure, result);
    recorder.record({
      requestId,
      method: req.method ?? "",
      path: known.path,
      endpoint: known.endpoint,
      status: reply.status,
      startedAt,
      trace: { traceparent: takeTraceparent(headers.traceparent), upstreamMs: 0, cache: result },
      principal,
      ipAddress,
    });
    return true;
  };

  /** The headers of a limit that has room; undefined when it has none, or when Redis must be asked. */
  function takeNow(
    { cost }: KnownUrl,
    principal: Principal | undefined,
    address: string,
  ): readonly string[] | undefined {
    if (!limiter || cost.cost === 0) return [];
    const verdict = limiter.takeNow({ principal, address, isQueue: cost.queueCost > 0, ...cost });
    return verdict?.allowed ? verdict.headers : undefined;
  }
}

/** Of those who were let in: others could have us remember what they make up. */
const rememberedHeadersMax = 5000;

type SignIn = (req: IncomingMessage) => Principal | "unknown" | undefined;

/** Tells who calls, if it can be told at once; undefined for who does not say. */
function createSignIn(authenticator: Deps["authenticator"]): SignIn {
  // Reading a header of that length takes longer than finding it again.
  const credentials = new Map<string, string>();

  return (req) => {
    const { authorization, "x-api-key": apiKey } = req.headers;
    if (authorization === undefined && apiKey === undefined) return undefined;
    // Of several Node shows one.
    const isPlain = apiKey === undefined && countOf("authorization", req.rawHeaders) === 1;
    const known = isPlain ? credentials.get(authorization ?? "") : undefined;
    const credential = known ?? credentialOf(req);
    const principal = typeof credential === "string" ? authenticator.remembered(credential) : undefined;
    if (principal && isPlain && known === undefined) {
      if (credentials.size >= rememberedHeadersMax) credentials.clear();
      credentials.set(authorization ?? "", credential as string);
    }
    return principal ?? "unknown";
  };
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const written = rawHeaders[at];
    if (written?.length === name.length && written.toLowerCase() === name) count += 1;
  }
  return count;
}
