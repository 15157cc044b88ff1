import type { EncodedAnswer } from "./prepared-answer.ts";

export interface Reply {
  status: 200 | 304;
  /** Name and value in turn. */
  headers: readonly string[];
  body: Buffer | undefined;
}

interface Condition {
  ifNoneMatch: string | undefined;
  /** Of an answer that is sent because there is no newer one. */
  ageSeconds: number | undefined;
}

/** What to send of this answer to who may have it already. */
export function replyWith(encoded: EncodedAnswer, { ifNoneMatch, ageSeconds }: Condition): Reply {
  const isKnown = ifNoneMatch !== undefined && names(ifNoneMatch, encoded.etag);
  const headers = isKnown ? encoded.unchangedHeaders : encoded.headers;
  return {
    status: isKnown ? 304 : 200,
    headers: ageSeconds === undefined ? headers : [...headers, ...Object.entries(staleHeaders(ageSeconds)).flat()],
    body: isKnown ? undefined : encoded.body,
  };
}

/** Says that Robin could not be asked for a newer one. */
export function staleHeaders(ageSeconds: number): Record<string, string> {
  return { age: String(ageSeconds), warning: '110 - "Response is Stale"' };
}

/** Weakly: a proxy may have marked the tag as weak when it changed the encoding. */
function names(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag) return true;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
