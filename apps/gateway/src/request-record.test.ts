import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLogger } from "./logger.ts";
import { createMeters } from "./prometheus.ts";
import { createRecorder, type RequestRecord } from "./request-record.ts";

const request: RequestRecord = {
  requestId: "r-1",
  method: "GET",
  path: "/api/v1/queue",
  endpoint: "/api/v1/queue",
  status: 200,
  startedAt: 0,
  trace: { traceparent: undefined, upstreamMs: 0, cache: undefined },
  ipAddress: "127.0.0.1",
};

// Only the clocks stand still.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"], now: 1_790_000_000_000 }));
afterEach(() => vi.useRealTimers());

function startLog(level = "info") {
  const lines: string[] = [];
  const logger = createLogger({ level, format: "json" }, { write: (line: string) => void lines.push(line) });
  const meters = createMeters();
  return { lines, logger, meters, recorder: createRecorder({ logger, meters }) };
}

describe("the log line of a request", () => {
  it("is the one that pino writes for the same fields, whatever they hold", () => {
    const { lines, logger, recorder } = startLog();
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom('"', "\\", "\n", "\ud800", "\u2028", "\x7f", ""),
    );
    fc.assert(
      fc.property(
        text,
        text,
        text,
        fc.option(text, { nil: undefined }),
        fc.boolean(),
        (requestId, path, method, id, aborted) => {
          const principal = { userId: 7, username: "x", roles: [], permissions: [] };
          recorder.record({
            ...request,
            requestId,
            path,
            method,
            startedAt: performance.now() - 12.345,
            trace: {
              traceparent: aborted ? `00-${"a".repeat(32)}-${"b".repeat(16)}-01` : undefined,
              upstreamMs: aborted ? 7.26 : 0,
              cache: aborted ? "stale" : undefined,
            },
            ...(id !== undefined && { principal: { ...principal, apiKey: { id, name: "a key" } } }),
            aborted,
          });
          const fields = {
            requestId,
            ...(aborted && { traceId: "a".repeat(32) }),
            method,
            path,
            endpoint: "/api/v1/queue",
            status: 200,
            durationMs: 12.3,
            ...(aborted && { upstreamMs: 7.3, cache: "stale" }),
            ...(id !== undefined && { userId: 7, apiKeyId: id }),
            ipAddress: "127.0.0.1",
            ...(aborted && { aborted: true }),
          };
          logger.info(fields, "request");
          const [own, pinos] = lines.splice(0) as [string, string];
          expect(own).toBe(pinos);
          expect(JSON.parse(own)).toMatchObject(fields);
        },
      ),
    );
  });

  it("has the bindings of its logger", () => {
    const lines: string[] = [];
    const logger = pino({ base: { process: 'a "second" one' } }, { write: (line: string) => void lines.push(line) });
    createRecorder({ logger, meters: createMeters() }).record(request);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ process: 'a "second" one', requestId: "r-1", msg: "request" });
  });

  it("is not written above level info, also when the level changes later; the request counts all the same", async () => {
    const { lines, logger, meters, recorder } = startLog("warn");
    recorder.record(request);
    logger.level = "info";
    recorder.record(request);
    expect(lines).toHaveLength(1);
    expect(await meters.registry.metrics()).toContain(
      'gateway_requests_total{method="GET",endpoint="/api/v1/queue",status="200"} 2',
    );
  });

  it("counts an abandoned request as 499, and a method that is none of ours as OTHER", async () => {
    const { meters, recorder } = startLog();
    recorder.record({ ...request, aborted: true });
    recorder.record({ ...request, method: "PROPFIND", status: 405 });
    const text = await meters.registry.metrics();
    expect(text).toContain('gateway_requests_total{method="GET",endpoint="/api/v1/queue",status="499"} 1');
    expect(text).toContain('gateway_requests_total{method="OTHER",endpoint="/api/v1/queue",status="405"} 1');
  });
});
