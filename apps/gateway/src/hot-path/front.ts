import { type Deps, keyFor, type Principal } from "@robin/api";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limiter } from "../limits/limiter.ts";
import { credentialOf } from "../principal.ts";
import { requestIdOf } from "../request-context.ts";
import type { Recorder } from "../request-record.ts";
import { takeTraceparent } from "../trace-context.ts";
import { createClientAddress } from "./client-address.ts";
import { encodingFor } from "./content-encoding.ts";
import type { KnownUrl, KnownUrls } from "./known-urls.ts";
import { prepare } from "./prepared-answer.ts";
import { replyWith } from "./reply.ts";
import { readHead, type RequestHead } from "./request-head.ts";

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
 * Express would send, header by header; a test compares them. ADR 0012.
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
    const head = readHead(req.rawHeaders);
    if (!head || !isPlainRead(known, req.method, head) || (servesUi && head.accept?.includes("text/"))) return false;

    const principal = signIn(head);
    if (principal === "unknown") return false;
    const { permission, procedure } = known;
    if (permission !== undefined && !principal?.permissions.includes(permission)) return false;

    const ready = cache.peek(keyFor(known.base, known.rule, principal));
    const encoded = ready && prepare(ready.answer, known.form).ready(encodingFor(head["accept-encoding"]));
    if (!ready || !encoded) return false;

    const ipAddress = addressOf(req.socket, head["x-forwarded-for"]);
    const limit = takeNow(known, principal, ipAddress);
    if (!limit) return false;

    const { result, answer } = ready;
    const requestId = requestIdOf(head["x-request-id"]);
    const ageSeconds = result === "stale" ? cache.ageSeconds(answer) : undefined;
    const reply = replyWith(encoded, { ifNoneMatch: head["if-none-match"], ageSeconds });
    res.writeHead(reply.status, [
      "x-request-id",
      requestId,
      ...headersFor(head.origin),
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
      trace: { traceparent: takeTraceparent(head.traceparent), upstreamMs: 0, cache: result },
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

function isPlainRead({ form }: KnownUrl, method: string | undefined, head: RequestHead): boolean {
  if (head["content-length"] !== undefined || head["transfer-encoding"] !== undefined) return false;
  // Takes the encodings away from answers below the paths of the UI.
  if (head.range !== undefined) return false;
  if (form === "rest") return method === "GET" || method === "HEAD";
  return method === "GET" && head["trpc-accept"] === undefined && !head.accept?.includes("jsonl");
}

/** Of those who were let in: others could have us remember what they make up. */
const rememberedHeadersMax = 5000;

type SignIn = (head: RequestHead) => Principal | "unknown" | undefined;

/** Tells who calls, if it can be told at once; undefined for who does not say. */
function createSignIn(authenticator: Deps["authenticator"]): SignIn {
  // Reading a header of that length takes longer than finding it again.
  const credentials = new Map<string, string>();

  return ({ authorization, "x-api-key": apiKey }) => {
    if (authorization === undefined && apiKey === undefined) return undefined;
    const known = apiKey === undefined ? credentials.get(authorization ?? "") : undefined;
    const credential = known ?? credentialOf({ headersDistinct: distinct({ authorization, "x-api-key": apiKey }) });
    const principal = typeof credential === "string" ? authenticator.remembered(credential) : undefined;
    if (principal && known === undefined && authorization !== undefined) {
      if (credentials.size >= rememberedHeadersMax) credentials.clear();
      credentials.set(authorization, credential as string);
    }
    return principal ?? "unknown";
  };
}

/** As Node has them in `headersDistinct`. */
function distinct(headers: Record<string, string | undefined>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value]]])),
  );
}
