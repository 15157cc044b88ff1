import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLogParser, isLogSearchEcho, parseLogEntries, type LogEntry, type LogFragment } from "../index.ts";
import { createZonedClock, logReach } from "./logs.time.ts";

const now = new Date("2026-11-23T12:00:00Z");

function parse(text: string, options = { timeZone: "UTC", now }): (LogEntry | LogFragment)[] {
  const parser = createLogParser(options);
  return [...text.split("\n").map((line) => parser.push(line)), parser.end()].filter((entry) => entry !== undefined);
}

describe("createLogParser", () => {
  it("reads every field of a line", () => {
    expect(
      parse(
        "INFO |1123-050451062|HTTP-Dispatcher|connection.SmtpFoundation|47f8317d|/127.0.0.1:2525|tony@example.com|<< 220 ready",
      ),
    ).toEqual([
      {
        kind: "entry",
        level: "INFO",
        at: new Date("2026-11-23T05:04:51.062Z"),
        thread: "HTTP-Dispatcher",
        logger: "connection.SmtpFoundation",
        aCode: "47f8317d",
        bCode: "/127.0.0.1:2525",
        cCode: "tony@example.com",
        message: "<< 220 ready",
      },
    ]);
  });

  it("leaves out empty codes and keeps bars in the message", () => {
    const [entry] = parse("WARN |1123-045359423|main|metrics.MetricsCron||||a|b||c");
    expect(entry).toMatchObject({ level: "WARN", message: "a|b||c" });
    expect(Object.keys(entry ?? {})).toEqual(["kind", "level", "at", "thread", "logger", "message"]);
  });

  it.each(["FATAL", "ERROR", "WARN ", "INFO ", "DEBUG", "TRACE"])("knows the level %j", (level) => {
    expect(parse(`${level}|1123-000000000|t|l||||m`)).toMatchObject([{ kind: "entry", level: level.trim() }]);
  });

  it("joins a stack trace to the entry it continues", () => {
    const trace = "java.io.IOException: x\n\tat a.B.c(B.java:1)\nDEBUG|no date|";
    expect(parse(`ERROR|1123-000000000|t|l||||failed\n${trace}\nINFO |1123-000000001|t|l||||next`)).toMatchObject([
      { message: `failed\n${trace}` },
      { message: "next" },
    ]);
  });

  it("lines that continue nothing are a fragment", () => {
    expect(parse("\tat a.B\n\tat c.D\nINFO |1123-000000000|t|l||||m")).toMatchObject([
      { kind: "fragment", message: "\tat a.B\n\tat c.D" },
      { kind: "entry" },
    ]);
  });

  it("a message has an end, however many lines continue it", () => {
    const [entry] = parse(`INFO |1123-000000000|t|l||||m\n${"z".repeat(1000).concat("\n").repeat(200)}`);
    expect(entry?.message).toHaveLength(64 * 1024);
  });

  it.each(["1332-000000000", "0230-000000000", "1123-240000000", "1123-006000000", "1123-000061000"])(
    "%s is no time, so its line continues the one before",
    (stamp) => {
      expect(parse(`INFO |1123-000000000|t|l||||m\nINFO |${stamp}|t|l||||n`)).toHaveLength(1);
    },
  );

  it("never fails, whatever the lines, and loses none", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 80 })), (lines) => {
        const text = lines.map((line) => line.replaceAll("\n", " ")).join("\n");
        expect(
          parse(text)
            .map(({ message }) => message)
            .join("\n"),
        ).toBe(text);
      }),
    );
  });

  it("an unknown zone is a RangeError", async () => {
    expect(() => createLogParser({ timeZone: "Mars/Olympus", now })).toThrow(RangeError);
    await expect(parseLogEntries([], { timeZone: "Mars/Olympus", now }).next()).rejects.toThrow(RangeError);
  });
});

describe("createZonedClock", () => {
  const at = (stamp: string, timeZone: string, moment: string) =>
    createZonedClock(timeZone, new Date(moment))(stamp)?.toISOString();

  it.each([
    ["1231-235959999", "UTC", "2026-01-01T00:10:00Z", "2025-12-31T23:59:59.999Z"],
    ["0101-000500000", "UTC", "2025-12-31T23:59:00Z", "2026-01-01T00:05:00.000Z"],
    ["1231-120000000", "Europe/Berlin", "2025-12-31T23:30:00Z", "2025-12-31T11:00:00.000Z"],
    ["0229-120000000", "UTC", "2025-03-01T12:00:00Z", "2024-02-29T12:00:00.000Z"],
  ])("the year of %s in %s at %s makes it %s", (stamp, timeZone, moment, expected) => {
    expect(at(stamp, timeZone, moment)).toBe(expected);
  });

  it.each([
    ["0705-100000000", "America/New_York", "2026-07-05T14:00:00.000Z"],
    ["0705-100000000", "+02:00", "2026-07-05T08:00:00.000Z"],
    ["0705-100000000", "Asia/Kathmandu", "2026-07-05T04:15:00.000Z"],
    // The hour that Berlin has twice, and the one that it leaves out.
    ["1025-023000000", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
    ["0329-023000000", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    ["0329-030000000", "Europe/Berlin", "2026-03-29T01:00:00.000Z"],
  ])("%s on the clocks of %s is %s", (stamp, timeZone, expected) => {
    expect(at(stamp, timeZone, expected)).toBe(expected);
  });

  it("knows the second time of an hour that is there twice by the lines before it, and never on the day before", () => {
    const clock = createZonedClock("Europe/Berlin", new Date("2026-10-25T12:00:00Z"));
    const read = (stamp: string) => clock(stamp)?.toISOString().slice(8, 19);
    const stamps = ["1025-0259", "1025-0258", "1025-0200", "1025-0259", "1025-0300", "1024-0230", "1024-0231"];
    expect(stamps.map((stamp) => read(`${stamp}00000`))).toEqual([
      "25T00:59:00",
      "25T00:58:00",
      "25T01:00:00",
      "25T01:59:00",
      "25T02:00:00",
      "24T00:30:00",
      "24T00:31:00",
    ]);
  });

  it("leaves a line alone that comes long after later ones where no clock was set back", () => {
    const clock = createZonedClock("Europe/Berlin", now);
    expect(clock("1123-120000000")).toEqual(new Date("2026-11-23T11:00:00Z"));
    expect(clock("1123-100000000")).toEqual(new Date("2026-11-23T09:00:00Z"));
  });

  it.each([
    ["UTC", "2026-01-01T00:30:00Z", "2025-12-31T00:00:00.000Z", "2026-01-01T00:00:00.000Z"],
    ["Europe/Berlin", "2026-10-25T22:59:00Z", "2026-10-23T22:00:00.000Z", "2026-10-24T22:00:00.000Z"],
    ["Europe/Berlin", "2026-10-26T00:00:00Z", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
    ["+05:30", "2026-03-01T18:29:59Z", "2026-02-27T18:30:00.000Z", "2026-02-28T18:30:00.000Z"],
  ])("logReach in %s at %s", (timeZone, moment, yesterday, today) => {
    expect(logReach(timeZone, new Date(moment))).toEqual({ yesterday: new Date(yesterday), today: new Date(today) });
  });

  it("is the inverse of the zone's clocks", () => {
    const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia");
    const format = (ms: number, timeZone: string): string => {
      const parts = new Intl.DateTimeFormat("en-US", {
        timeZone,
        hourCycle: "h23",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      }).formatToParts(ms);
      const part = (type: string): string => parts.find((item) => item.type === type)?.value ?? "";
      return `${part("month")}${part("day")}-${part("hour")}${part("minute")}${part("second")}000`;
    };
    fc.assert(
      fc.property(zones, fc.integer({ min: 1_600_000_000, max: 1_900_000_000 }), (zone, seconds) => {
        const stamp = format(seconds * 1000, zone);
        const read = createZonedClock(zone, new Date(seconds * 1000))(stamp);
        expect(format(read?.getTime() ?? 0, zone)).toBe(stamp);
      }),
    );
  });
});

it.each([
  ["endpoints.LogsHandler", "anything", true],
  ["endpoints.ApiEndpoint", "GET /logs from /127.0.0.1:1", true],
  ["endpoints.ApiEndpoint", "GET /client/queue/list from /127.0.0.1:1", false],
  ["endpoints.ApiEndpointUtils", "Parsed query params: {query=x}", true],
  ["endpoints.ApiEndpointUtils", "Read request body (15 bytes)", false],
  ["endpoints.HttpEndpoint", "Sent text response: status=200, bytes=1240", true],
  ["endpoints.HttpEndpoint", "Sent text response: status=405, bytes=18", false],
  ["endpoints.HttpEndpoint", "Sent JSON response: status=200, bytes=18", false],
  ["smtp.EmailReceipt", "GET /logs", false],
])("isLogSearchEcho of %s: %s is %s", (logger, message, expected) => {
  expect(isLogSearchEcho({ kind: "entry", level: "INFO", at: now, thread: "t", logger, message })).toBe(expected);
});
