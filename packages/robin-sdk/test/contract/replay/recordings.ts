import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

/** One request that a live Robin was sent, and what it answered. */
const Exchange = z.object({
  name: z.string(),
  server: z.enum(["api", "service"]),
  /** How that Robin was set up, unless as usual. */
  config: z.string().optional(),
  request: z.object({
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().default(""),
    bodyBase64: z.base64().optional(),
  }),
  response: z.union([
    z.object({ closed: z.literal(true) }),
    z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() }),
  ]),
  response_encoding: z.literal("latin1").optional(),
  /** The body was shortened: a page is no longer whole. */
  trimmed: z.literal(true).optional(),
});

export interface RecordedExchange {
  name: string;
  method: string;
  /** As the handler sees it: decoded twice, the second time as a form. Undefined where Robin itself fails to. */
  path: string | undefined;
  query: URLSearchParams;
  /** By lower-case name. */
  headers: Map<string, string>;
  body: Buffer;
  /** Undefined when Robin closed the connection instead. */
  answer: { status: number; headers: Record<string, string>; body: Buffer } | undefined;
  isService: boolean;
  /** A page that the recording has shortened: nothing can be read from it. */
  isShortened: boolean;
}

/** The exchanges of each file in a folder of recordings; none when there is no such folder. */
export function readRecordings(folder: string): { file: string; exchanges: RecordedExchange[] }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => {
      const json: unknown = JSON.parse(readFileSync(path.join(folder, file), "utf8"));
      return { file, exchanges: z.array(Exchange).parse(json).map(toExchange) };
    });
}

function toExchange({ name, config, server, request, response, response_encoding, trimmed }: z.infer<typeof Exchange>) {
  const [rawPath = "", query = ""] = request.path.split("?", 2);
  const { method, headers, body, bodyBase64 } = request;
  return {
    name: config === undefined ? name : `${name} (${config})`,
    method,
    path: decodePath(rawPath),
    query: new URLSearchParams(query),
    headers: new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])),
    body: bodyBase64 === undefined ? Buffer.from(body, "utf8") : Buffer.from(bodyBase64, "base64"),
    answer:
      "closed" in response
        ? undefined
        : {
            status: response.status,
            headers: response.headers,
            body: Buffer.from(response.body, response_encoding ?? "utf8"),
          },
    isService: server === "service",
    isShortened:
      trimmed === true && "headers" in response && response.headers["content-type"]?.startsWith("text/html") === true,
  };
}

/** As Robin reads a path: once as a URI, once more as a form. */
export function decodePath(rawPath: string): string | undefined {
  try {
    return decodeURIComponent(decodeURIComponent(rawPath).replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
