import type { CacheRule, Permission } from "@robin/api";
import { LRUCache } from "lru-cache";
import type { RequestCost } from "../limits/request-cost.ts";
import type { AnswerForm } from "./prepared-answer.ts";

/** What a URL was found to ask for. */
export interface KnownUrl {
  procedure: string;
  rule: CacheRule;
  /** What its callers must be allowed. */
  permission: Permission | undefined;
  /** The answer's key, but for who asks. */
  base: string;
  form: AnswerForm;
  /** What the answer depends on, for the header. */
  vary: string;
  cost: RequestCost;
  /** For the log and the meters. */
  path: string;
  endpoint: string;
}

/** The URLs that have led to a kept answer, as they were written: a look-up instead of all that routing and parsing does. */
export type KnownUrls = Pick<LRUCache<string, KnownUrl>, "get" | "set">;

const urlsMax = 2000;

export function createKnownUrls(): KnownUrls {
  return new LRUCache<string, KnownUrl>({ max: urlsMax });
}

/** Nobody needs such a long one twice. */
const urlCharsMax = 1000;

/** Prometheus asks there as well, which is told apart by `Accept`. */
const sharedWithPrometheus = /^\/metrics\/?(?:\?|$)/i;

/** Whether the answer depends on the URL alone, but for what the hot path looks at. */
export function isMemorable(url: string): boolean {
  return url.length <= urlCharsMax && !sharedWithPrometheus.test(url);
}
