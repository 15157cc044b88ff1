/** The headers on which a kept answer depends. */
export type HeadName =
  | "accept"
  | "accept-encoding"
  | "authorization"
  | "content-length"
  | "if-none-match"
  | "origin"
  | "range"
  | "traceparent"
  | "transfer-encoding"
  | "trpc-accept"
  | "x-api-key"
  | "x-forwarded-for"
  | "x-request-id";

export type RequestHead = Record<HeadName, string | undefined>;

const names: readonly HeadName[] = [
  "accept",
  "accept-encoding",
  "authorization",
  "content-length",
  "if-none-match",
  "origin",
  "range",
  "traceparent",
  "transfer-encoding",
  "trpc-accept",
  "x-api-key",
  "x-forwarded-for",
  "x-request-id",
];

/** All fields from the beginning, so that each head has the same shape for V8. */
const nothing = Object.fromEntries(names.map((name) => [name, undefined])) as Record<HeadName, undefined>;

const lengthMax = Math.max(...names.map(({ length }) => length));

/** As clients usually write them, so that few names have to be put into small letters. */
const byName = new Map<string, HeadName>(
  names.flatMap((name): [string, HeadName][] => [
    [name, name],
    [name.replaceAll(/(^|-)\w/g, (letter) => letter.toUpperCase()), name],
  ]),
);
const lengths = new Set(names.map(({ length }) => length));

/**
 * Node's own collection of all headers takes longer than the rest of a cached answer.
 * @returns undefined when one of them is there twice: what that means is for others to say.
 */
export function readHead(rawHeaders: readonly string[]): RequestHead | undefined {
  const head: RequestHead = { ...nothing };
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const written = rawHeaders[at] ?? "";
    if (written.length > lengthMax || !lengths.has(written.length)) continue;
    const name = byName.get(written) ?? byName.get(written.toLowerCase());
    if (name === undefined) continue;
    if (head[name] !== undefined) return undefined;
    head[name] = rawHeaders[at + 1] ?? "";
  }
  return head;
}
