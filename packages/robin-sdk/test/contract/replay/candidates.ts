import type { QueueListQuery, RobinCase, RobinClient } from "../../../src/index.ts";
import { collect } from "../robin.ts";
import type { RecordedExchange } from "./recordings.ts";
import { bodyKind, filePart, jsonOf } from "./sameness.ts";
import { storeCandidate } from "./store-candidates.ts";

/** The method of the SDK that is about a recorded request, called with what the request says. */
export interface Candidate {
  method: string;
  call(client: RobinClient): Promise<unknown>;
}

/** Undefined when no method of the SDK is about such a request. It may still ask otherwise, or refuse the argument. */
export function candidateFor(exchange: RecordedExchange): Candidate | undefined {
  const { method, path = "" } = exchange;
  const candidates = exchange.isService ? serviceCandidates : clientCandidates;
  const found = candidates[`${method} ${path}`];
  if (found) return found(exchange);
  if (path === "/store" || path.startsWith("/store/")) return storeCandidate("/store", exchange);
  if (path.startsWith("/store-rocksdb/")) return storeCandidate("/store-rocksdb", exchange);
  const username = /^\/users\/(.+)\/exists$/s.exec(path)?.[1];
  if (method !== "GET" || username === undefined) return undefined;
  return { method: "users.exists", call: ({ users }) => users.exists({ username }) };
}

type Candidates = Record<string, (exchange: RecordedExchange) => Candidate | undefined>;

const plain = (method: string, call: Candidate["call"]) => (): Candidate => ({ method, call });

const serviceCandidates: Candidates = {
  "GET /health": plain("health.service", ({ health }) => health.service()),
  "GET /config": plain("config.sections", ({ config }) => config.sections()),
  "POST /config/reload": plain("config.reload", ({ config }) => config.reload()),
  "GET /config/sync/status": plain("config.syncStatus", ({ config }) => config.syncStatus()),
  "GET /metrics/prometheus": plain("metrics.read", ({ metrics }) => metrics.read()),
  "GET /system/env": plain("system.env", ({ system }) => system.env()),
  "GET /system/props": plain("system.properties", ({ system }) => system.properties()),
  "GET /system/threads": plain("system.threads", ({ system }) => system.threads()),
};

const clientCandidates: Candidates = {
  "GET /health": plain("health.client", ({ health }) => health.client()),
  "GET /users": plain("users.list", ({ users }) => users.list()),
  "POST /users/authenticate": ({ body }) => ({
    method: "users.authenticate",
    call: ({ users }) => users.authenticate(jsonOf(body) as { username: string; password: string }),
  }),
  "GET /logs": ({ query }) => ({
    method: "logs.search",
    call: async ({ logs }) => collect(logs.search({ query: query.get("query") ?? "" })),
  }),
  "GET /client/queue/list": ({ query }) => ({
    method: "queue.list",
    call: ({ queue }) => queue.list(listQuery(query)),
  }),
  "POST /client/queue/delete": mutation("delete"),
  "POST /client/queue/retry": mutation("retry"),
  "POST /client/queue/bounce": mutation("bounce"),
  "POST /client/queue": (exchange) => {
    const upload = uploadOf(exchange);
    const protocol = exchange.query.get("protocol") ?? undefined;
    const mailbox = exchange.query.get("mailbox") ?? undefined;
    const rest = { ...(protocol === undefined ? {} : { protocol }), ...(mailbox === undefined ? {} : { mailbox }) };
    const robinCase = jsonOf(exchange.body) as RobinCase;
    return {
      json: { method: "queue.enqueue", call: ({ queue }: RobinClient) => queue.enqueue({ case: robinCase, ...rest }) },
      raw: { method: "queue.enqueueRaw", call: ({ queue }: RobinClient) => queue.enqueueRaw({ ...upload, ...rest }) },
      multipart: {
        method: "queue.enqueueMultipart",
        call: ({ queue }: RobinClient) => queue.enqueueMultipart({ ...upload, ...rest }),
      },
    }[bodyKind(exchange)];
  },
  "POST /client/send": (exchange) => {
    const upload = uploadOf(exchange);
    const robinCase = jsonOf(exchange.body) as RobinCase;
    return {
      json: { method: "send.deliver", call: ({ send }: RobinClient) => send.deliver({ case: robinCase }) },
      raw: { method: "send.deliverRaw", call: ({ send }: RobinClient) => send.deliverRaw(upload) },
      multipart: { method: "send.deliverMultipart", call: ({ send }: RobinClient) => send.deliverMultipart(upload) },
    }[bodyKind(exchange)];
  },
};

function mutation(operation: "delete" | "retry" | "bounce"): Candidates[string] {
  return ({ body }) => {
    const { uid, uids = [uid] } = jsonOf(body) as { uid: string; uids?: string[] };
    return { method: `queue.${operation}`, call: ({ queue }) => queue[operation]({ uids }) };
  };
}

function uploadOf(exchange: RecordedExchange) {
  const { query, body } = exchange;
  const [route, filename] = [query.get("route"), query.get("filename")];
  return {
    mail: query.get("mail") ?? "",
    rcpt: (query.get("rcpt") ?? "").split(","),
    message: Uint8Array.from(bodyKind(exchange) === "multipart" ? (filePart(exchange) ?? []) : body),
    ...(route === null ? {} : { route }),
    ...(filename === null ? {} : { filename }),
  };
}

function listQuery(query: URLSearchParams): QueueListQuery {
  const numbers = ["page", "limit", "retryMin", "retryMax"].flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [[name, Number(value)]];
  });
  const [states, protocol] = [query.get("state")?.split(","), query.get("protocol")];
  return {
    ...(Object.fromEntries(numbers) as QueueListQuery),
    ...(states === undefined ? {} : { states: states as QueueListQuery["states"] }),
    ...(protocol === null ? {} : { protocol }),
  };
}
