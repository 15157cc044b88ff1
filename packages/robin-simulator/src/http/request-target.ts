/** What java.net.URI makes of a request target, as far as Robin's HTTP layer looks at it. */
export interface RequestTarget {
  /** Decoded once; empty for a target such as `//host`. */
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

/** Characters that java.net.URI accepts unescaped; everything above ASCII is accepted too, control characters excepted. */
const legalPath = /^(?:[A-Za-z0-9_\-!.~'()*:@&=+$,;/]|%[0-9A-Fa-f]{2}|[\u00a1-\u{10ffff}])*$/u;
const legalQuery = /^(?:[A-Za-z0-9_\-!.~'()*:@&=+$,;/?[\]]|%[0-9A-Fa-f]{2}|[\u00a1-\u{10ffff}])*$/u;

/** Undefined where Java throws a URISyntaxException and the client gets a 400. */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  const [beforeFragment = ""] = target.split("#", 1);
  const mark = beforeFragment.indexOf("?");
  const rawQuery = mark < 0 ? "" : beforeFragment.slice(mark + 1);
  let rawPath = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  const absolute = /^[A-Za-z][A-Za-z0-9+\-.]*:(\/.*)$/.exec(rawPath);
  if (absolute?.[1] !== undefined) rawPath = absolute[1];
  if (rawPath.startsWith("//")) {
    // The first segment is read as a host name and vanishes.
    const authorityEnd = rawPath.indexOf("/", 2);
    if (rawPath === "//") return undefined;
    rawPath = authorityEnd < 0 ? "" : rawPath.slice(authorityEnd);
  }
  if (!legalPath.test(rawPath) || !legalQuery.test(rawQuery)) return undefined;
  return { path: percentDecode(rawPath), query: parseQuery(rawQuery) };
}

/** Decoded once, `+` is a blank, the last of several equal keys wins, and `=x` is the odd key `=x`. */
function parseQuery(rawQuery: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  if (rawQuery === "") return query;
  for (const pair of rawQuery.split("&")) {
    const equals = pair.indexOf("=");
    if (equals > 0) query.set(formDecode(pair.slice(0, equals)), formDecode(pair.slice(equals + 1)));
    else query.set(formDecode(pair), "");
  }
  return query;
}

const formDecode = (text: string): string => percentDecode(text.replaceAll("+", " "));

/** Unlike decodeURIComponent it does not throw: bytes that are not UTF-8 become U+FFFD, as in Java. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"));
}
