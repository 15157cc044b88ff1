import { text, withServerErrors } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { JavaError } from "../java/java-error.ts";
import type { LogLine } from "./log-format.ts";
import type { ServerLog } from "./server-log.ts";

const usage = `Usage: /logs?query=<search-term>
       /logs?q=<search-term>

Searches the current and previous log4j2 log files for lines matching the query string.
Returns matching lines as plain text.
`;

/** `GET /logs`: today's matches, then yesterday's. What Robin writes about the search is there before it reads. */
export function searchLogs({ query, logs }: RouteContext): Promise<Answer> {
  const write = (level: LogLine["level"], logger: string, message: string): void => {
    logs.append({ level, thread: "HTTP-Dispatcher", logger: `endpoints.${logger}`, message });
  };
  write("DEBUG", "ApiEndpoint", "GET /logs from /127.0.0.1:40112");
  write(
    "DEBUG",
    "ApiEndpointUtils",
    query.size === 0 ? "No query string in URI: /logs" : `Parsed query params: ${printJavaMap(query)}`,
  );
  return withServerErrors(() => {
    const wanted = [query.get("query"), query.get("q")].find((value) => value !== undefined && value.trim() !== "");
    const body = wanted === undefined ? usage : results(logs, wanted, write);
    write("DEBUG", "HttpEndpoint", `Sent text response: status=200, bytes=${Buffer.byteLength(body)}`);
    return text(200, body);
  });
}

function results(
  logs: ServerLog,
  wanted: string,
  write: (level: LogLine["level"], logger: string, message: string) => void,
): string {
  const debug = (message: string): void => {
    write("DEBUG", "LogsHandler", message);
  };
  write("INFO", "LogsHandler", `Searching logs for query: '${wanted}'`);
  if (logs.appender() === "none")
    throw new JavaError("Could not determine log file location from log4j2 configuration");
  if (logs.appender() === "undated") throw new JavaError("Could not extract date format from log file pattern");
  debug("Found log file pattern from appender 'appender': /var/log/robin/%d{yyyyMMdd}.log");
  debug("Extracted date format 'yyyyMMdd' from pattern '/var/log/robin/%d{yyyyMMdd}.log'");
  debug(`Searching log files: today=${logs.fileName(0)}, yesterday=${logs.fileName(1)}`);
  const found = ([0, 1] as const).flatMap((daysBack) => {
    const lines = logs.search(daysBack, wanted);
    debug(
      lines === undefined
        ? `Log file does not exist: ${logs.fileName(daysBack)}`
        : `Searched log file: ${logs.fileName(daysBack)}, found ${lines.length} matches`,
    );
    return lines ?? [];
  });
  debug(`Logs search completed: query='${wanted}', matches=${found.length}`);
  return found.map((line) => `${line}\n`).join("");
}

/** Java's HashMap in its own order, as long as it has its first sixteen buckets. */
function printJavaMap(map: ReadonlyMap<string, string>): string {
  const bucket = (key: string): number => {
    let hash = 0;
    for (let index = 0; index < key.length; index += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0;
    return (hash ^ (hash >>> 16)) & 15;
  };
  const entries = [...map].sort(([left], [right]) => bucket(left) - bucket(right));
  return `{${entries.map(([key, value]) => `${key}=${value}`).join(", ")}}`;
}
