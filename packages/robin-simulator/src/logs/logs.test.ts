import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { noon, startSimulator } from "../testing/simulators.ts";

async function search(robin: RobinSimulator, query: string, method = "GET") {
  const answer = await sendRaw(robin.clientUrl, { method, target: `/logs${query}` });
  const chunked = answer?.headers.some(([name]) => name === "Transfer-encoding") === true;
  return { status: answer?.status, body: chunked ? "" : (answer?.body ?? "") };
}
const linesOf = async (robin: RobinSimulator, query: string) =>
  (await search(robin, query)).body.split("\n").slice(0, -1);
const quiet = { logs: { traffic: false } };
const line = (message: string) => ({ level: "INFO", thread: "main", logger: "smtp.Test", message }) as const;

describe("GET /logs", () => {
  it.each(["", "?query=%20&q=", "?other=x", "?q="])("trap 30: 200 with the usage for %j", async (query) => {
    const { status, body } = await search(await startSimulator(quiet), query);
    expect(status).toBe(200);
    expect(body).toMatch(/^Usage: \/logs\?query=<search-term>\n {7}\/logs\?q=/);
  });

  it("trap 30: an answer holds two lines about itself and three about each earlier search", async () => {
    const robin = await startSimulator(quiet);
    const stamp = "1123-120000000|HTTP-Dispatcher|endpoints.";
    expect(await linesOf(robin, "?query=&q=zzzz")).toEqual([
      `DEBUG|${stamp}ApiEndpointUtils||||Parsed query params: {q=zzzz, query=}`,
      `INFO |${stamp}LogsHandler||||Searching logs for query: 'zzzz'`,
    ]);
    const again = await linesOf(robin, "foo?q=zzzz");
    expect(again).toHaveLength(5);
    expect(again[2]).toBe(`DEBUG|${stamp}LogsHandler||||Logs search completed: query='zzzz', matches=2`);
  });

  it("no limit, no patterns, with case; a plus is a blank", async () => {
    const robin = await startSimulator(quiet);
    for (let count = 0; count < 1500; count += 1) robin.logs.append(line(`Listening to ${count}`));
    expect(await linesOf(robin, "?query=Listening+to&limit=1&level=ERROR")).toHaveLength(1502);
    expect(await linesOf(robin, "?query=listening+to")).toHaveLength(2);
    expect(await linesOf(robin, "?query=Listen.*to")).toHaveLength(2);
    expect(await linesOf(robin, "?query=%7Cmain%7Csmtp")).toHaveLength(1502);
  });

  it("trap 30: today before yesterday, each in order, nothing older, and the day moves with the clock", async () => {
    const clock = createManualClock(noon);
    const robin = await startSimulator({ ...quiet, clock });
    for (const message of ["day one a", "day one b"]) robin.logs.append(line(message));
    clock.advance(86_400_000);
    robin.logs.append(line("day two"));
    const days = async () => (await linesOf(robin, "?q=%7Csmtp.Test%7C")).flatMap((text) => /day .*$/.exec(text) ?? []);
    expect(await days()).toEqual(["day two", "day one a", "day one b"]);
    clock.advance(86_400_000);
    expect(await days()).toEqual(["day two"]);
    clock.advance(86_400_000);
    expect(await days()).toEqual([]);
  });

  it("lines of one entry are found one by one", async () => {
    const robin = await startSimulator(quiet);
    robin.logs.append(line("failed\n\tat needle.Class\n\tat other.Class"));
    expect((await linesOf(robin, "?q=needle"))[0]).toBe("\tat needle.Class");
  });

  it("an invalid byte ends the results of its day, with what was read along with it", async () => {
    const clock = createManualClock(noon);
    const robin = await startSimulator({ ...quiet, clock });
    robin.logs.append(line("needle of yesterday"));
    clock.advance(86_400_000);
    for (let count = 0; count < 200; count += 1) robin.logs.append(line(`needle ${"x".repeat(60)}`));
    robin.logs.appendInvalidByte();
    robin.logs.append(line("needle lost"));
    const found = await linesOf(robin, "?q=needle");
    expect(found.at(-1)).toContain("needle of yesterday");
    expect(found.length).toBeGreaterThan(50);
    expect(found.length).toBeLessThan(200);
    expect(found.join()).not.toMatch(/lost|Searching/);
  });

  it.each([
    ["none", "Could not determine log file location from log4j2 configuration"],
    ["undated", "Could not extract date format from log file pattern"],
  ] as const)("500 with the appender %s", async (appender, problem) => {
    const robin = await startSimulator(quiet);
    robin.logs.setAppender(appender);
    expect(await search(robin, "?q=x")).toEqual({ status: 500, body: `Internal Server Error: ${problem}` });
  });

  it("405 for POST", async () => {
    expect(await search(await startSimulator(), "?query=x", "POST")).toMatchObject({ status: 405 });
  });
});

describe("the traffic in the log", () => {
  const format = /^(FATAL|ERROR|WARN |INFO |DEBUG|TRACE)\|\d{4}-\d{9}\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|.*$/;

  it("has Robin's format, two days of it, in order, and some stack traces", async () => {
    const lines = await linesOf(await startSimulator(), "?q=e");
    expect(lines.length).toBeGreaterThan(5_000);
    expect(lines.every((text) => format.test(text) || /^(\tat |java\.)/.test(text))).toBe(true);
    expect(lines.some((text) => text.startsWith("\tat "))).toBe(true);
    expect(new Set(lines.map((text) => text.slice(0, 5))).size).toBeGreaterThan(4);
    const today = lines.flatMap((text) => /^\w+ *\|(1123-\d+)/.exec(text)?.[1] ?? []);
    expect(today).toEqual([...today].sort());
  });

  it("grows with the clock; the same seed gives the same lines", async () => {
    const clocks = [createManualClock(noon), createManualClock(noon)] as const;
    const first = await startSimulator({ clock: clocks[0], seed: 5 });
    const second = await startSimulator({ clock: clocks[1], seed: 5 });
    const before = await linesOf(first, "?q=Accepted");
    for (const clock of clocks) clock.advance(3_600_000);
    const after = await linesOf(first, "?q=Accepted");
    expect(after.length).toBeGreaterThan(before.length + 20);
    const traffic = (lines: string[]) => lines.filter((text) => text.includes("SmtpListener"));
    expect(traffic(await linesOf(second, "?q=Accepted"))).toEqual(traffic(after));
  });
});
