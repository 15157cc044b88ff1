import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, type TestGateway } from "./harness.ts";
import { startLogGateway, write } from "./logs-support.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

interface Page {
  entries: { id: string; timestamp: string; level: string; logger: string; message: string; stackTrace?: string }[];
  total: number;
  hasMore: boolean;
  incomplete: boolean;
  incompleteReasons?: string[];
}

let gateway: TestGateway;
let user: SignedIn;
beforeAll(async () => {
  gateway = await startLogGateway();
  user = await gateway.signIn("ROLE_USER");
});
afterAll(() => gateway.close());
/** Two days later the log of the test before is out of reach. */
beforeEach(async () => {
  gateway.simulator.faults.clear();
  gateway.clock.advance(2 * 86_400_000);
  user = await gateway.signIn("ROLE_USER");
});

const search = (query = "", path = "/api/v1/logs"): Promise<Answer> =>
  gateway.request(`${path}${query}`, { token: user.token });
const pageOf = ({ body }: Answer) => body as Page;
const messages = (answer: Answer) => pageOf(answer).entries.map(({ message }) => message);
const asked = () =>
  gateway.simulator.requests
    .filter(({ target }) => target.startsWith("/logs"))
    .map(({ target }) => new URLSearchParams(target.split("?")[1]).get("query"));
const isoAgo = (ms: number) => encodeURIComponent(new Date(gateway.clock.now().getTime() - ms).toISOString());

describe("GET /api/v1/logs", () => {
  it("200 with the UI's shape, at its own path as well, without Robin's lines about searches", async () => {
    const codes = { aCode: "session-1", bCode: "/192.0.2.1:4000", cCode: "pepper@example.com" };
    write(gateway, ">> MAIL FROM:<a|b>", codes);
    const at = gateway.clock.now().toISOString();
    await search();
    const answer = await search("?limit=100&offset=0", "/logs");
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        entries: [
          {
            id: expect.stringMatching(/^[\w-]{22}$/) as string,
            timestamp: at,
            level: "INFO",
            logger: "smtp.Test",
            message: ">> MAIL FROM:<a|b>",
            thread: "pool-1",
            context: codes,
          },
        ],
        total: 1,
        hasMore: false,
        incomplete: false,
      },
    ]);
  });

  it("200 newest first over both days, oldest first on demand, in pages that fit together", async () => {
    write(gateway, "one");
    write(gateway, "two");
    gateway.clock.advance(86_400_000 - 60_000);
    user = await gateway.signIn("ROLE_USER");
    for (const message of ["three", "four"]) write(gateway, message);
    expect(messages(await search())).toEqual(["four", "three", "two", "one"]);
    expect(messages(await search("?order=asc"))).toEqual(["one", "two", "three", "four"]);
    const pages = [await search("?limit=3"), await search("?limit=3&offset=3"), await search("?offset=10")];
    expect(pages.map(messages)).toEqual([["four", "three", "two"], ["one"], []]);
    expect(pages.map((page) => [pageOf(page).total, pageOf(page).hasMore])).toEqual([
      [4, true],
      [4, false],
      [4, false],
    ]);
  });

  it("200 with the same ids at a repeated poll, and different ones for lines that look the same", async () => {
    const line = { level: "INFO", thread: "t", logger: "smtp.Test", message: "twice" } as const;
    for (let count = 0; count < 2; count += 1) gateway.simulator.logs.append(line);
    const ids = pageOf(await search()).entries.map(({ id }) => id);
    gateway.clock.advance(2000);
    write(gateway, "new");
    expect(new Set(ids).size).toBe(2);
    expect(
      pageOf(await search())
        .entries.map(({ id }) => id)
        .slice(1),
    ).toEqual(ids);
    expect(pageOf(await search("?search=twice")).entries.map(({ id }) => id)).toEqual(ids);
  });

  it("200 filtered by level, where ERROR has Robin's FATAL, and by the level and worse ones", async () => {
    for (const level of ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const) {
      write(gateway, `of ${level}, not ERROR| or FATAL|`, { level });
    }
    const levelsOf = async (query: string) =>
      messages(await search(query)).map((message) => /^of (\w+)/.exec(message)?.[1]);
    expect(await levelsOf("?level=ERROR")).toEqual(["FATAL", "ERROR"]);
    expect(asked().slice(-2)).toEqual(["FATAL|", "ERROR|"]);
    expect(await levelsOf("?level=WARN")).toEqual(["WARN"]);
    expect(await levelsOf("?levelMin=WARN")).toEqual(["FATAL", "ERROR", "WARN"]);
    expect(pageOf(await search("?level=ERROR")).entries[0]).toMatchObject({
      level: "ERROR",
      context: { level: "FATAL" },
    });
  });

  it("200 filtered by a logger or its package, and by times, the beginning included", async () => {
    write(gateway, "a", { logger: "smtp.Test" });
    write(gateway, "b", { logger: "smtp.Tester" });
    write(gateway, "c", { logger: "queue.Test" });
    const [startTime, endTime] = [isoAgo(1), isoAgo(0)];
    expect(messages(await search("?logger=smtp.Test"))).toEqual(["a"]);
    expect(messages(await search("?logger=smtp"))).toEqual(["b", "a"]);
    expect(messages(await search(`?startTime=${startTime}`))).toEqual(["c", "b"]);
    expect(messages(await search(`?startTime=${startTime}&endTime=${endTime}`))).toEqual(["b"]);
    expect(messages(await search(`?search=smtp&logger=smtp.Test&level=INFO&endTime=${startTime}`))).toEqual(["a"]);
    expect(asked().at(-1)).toBe("smtp");
  });

  it.each([
    "a+b c&d=%é|",
    "[.*](x|y)$^\\",
    " blanks around ",
    "\tat ",
    "x-forwarded-for: 1",
    "Host: robin",
    "/../config?x=1#y",
    "漢字 🦊",
    "q".repeat(1000),
  ])("200 for the text %j, taken as it is", async (text) => {
    write(gateway, `before ${text} after`);
    write(gateway, "something else");
    const answer = await search(`?search=${encodeURIComponent(text)}`);
    expect(messages(answer)).toEqual([`before ${text} after`]);
    expect(asked().at(-1)).toBe(text);
  });

  it("200 with a stack trace beside its entry's message", async () => {
    write(gateway, "failed: reset\njava.net.SocketException: reset\n\tat smtp.Line.read(Line.java:6)", {
      level: "ERROR",
    });
    write(gateway, "next");
    const [, entry] = pageOf(await search()).entries;
    expect(entry).toMatchObject({
      message: "failed: reset",
      stackTrace: "java.net.SocketException: reset\n\tat smtp.Line.read(Line.java:6)",
    });
    expect(pageOf(await search("?search=reset")).entries[0]?.stackTrace).toBe("java.net.SocketException: reset");
    expect(pageOf(await search("?level=ERROR")).entries[0]?.stackTrace).toBeUndefined();
    expect(pageOf(await search("?levelMin=ERROR")).entries[0]?.stackTrace).toContain("Line.java:6");
  });

  it("200, incomplete when only lines within stack traces have the text", async () => {
    write(gateway, "failed\n\tat smtp.Line.read(Line.java:6)");
    gateway.clock.advance(86_400_000 - 60_000);
    user = await gateway.signIn("ROLE_USER");
    for (const when of ["after Robin's own lines", "before them"]) {
      const page = pageOf(await search("?search=Line.java"));
      expect(page, when).toMatchObject({ entries: [], total: 0, incomplete: true });
      expect(page.incompleteReasons).toEqual([expect.stringMatching(/^Some lines belong to entries that/)]);
      write(gateway, "failed\n\tat smtp.Line.read(Line.java:6)");
    }
  });

  it("200, incomplete when an invalid byte ended the log early", async () => {
    write(gateway, "seen");
    gateway.clock.advance(86_400_000 - 60_000);
    user = await gateway.signIn("ROLE_USER");
    gateway.simulator.logs.appendInvalidByte();
    write(gateway, "lost");
    const answer = await search();
    expect(messages(answer)).toEqual(["seen"]);
    expect(pageOf(answer).incompleteReasons).toEqual([expect.stringContaining("no UTF-8")]);
  });

  it("200, incomplete when asked for what only older logs have", async () => {
    write(gateway, "here");
    const yesterday = `${new Date(gateway.clock.now().getTime() - 86_400_000).toISOString().slice(0, 10)}T00:00:00.000Z`;
    const answer = await search(`?startTime=${isoAgo(36 * 3_600_000 + 60_000)}`);
    expect(messages(answer)).toEqual(["here"]);
    expect(pageOf(answer).incompleteReasons).toEqual([expect.stringContaining(`nothing before ${yesterday}`)]);
    expect(pageOf(await search(`?startTime=${encodeURIComponent(yesterday)}`)).incomplete).toBe(false);
    expect(pageOf(await search(`?endTime=${isoAgo(48 * 3_600_000)}`))).toMatchObject({ total: 0, incomplete: true });
  });

  it.each([
    ["search=%20", "search"],
    ["search=a%0Ab", "search"],
    ["search=a%0Db", "search"],
    ["search=%00", "search"],
    [`search=${"x".repeat(1001)}`, "search"],
    ["search=", "search"],
    ["level=FATAL", "level"],
    ["level=error", "level"],
    ["levelMin=x", "levelMin"],
    ["levelMin=WARN&level=ERROR", "levelMin"],
    ["logger=%00", "logger"],
    ["startTime=yesterday", "startTime"],
    ["endTime=2026-01-01", "endTime"],
    ["startTime=2026-01-02T00:00:00Z&endTime=2026-01-01T00:00:00Z", "endTime"],
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["offset=-1", "offset"],
    ["offset=5001", "offset"],
    ["order=up", "order"],
    ["query=x", ""],
  ])("400 for %s, naming %s, and Robin is not asked", async (query, field) => {
    const before = gateway.simulator.requests.length;
    const { issues } = expectError(await search(`?${query}`), 400, "invalid_input");
    expect(issues?.map(({ path }) => path)).toContain(field);
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it("400 for half a character from a typed client, who otherwise gets Dates", async () => {
    const { logs } = trpcClient(gateway, user.token);
    expect(await failureOf(logs.search.query({ search: "\ud800" }))).toMatchObject({ httpStatus: 400 });
    write(gateway, "typed");
    const at = gateway.clock.now();
    expect(await logs.search.query({ startTime: at })).toMatchObject({
      entries: [{ timestamp: at, message: "typed" }],
    });
  });
});

describe("the clocks of ROBIN_TIME_ZONE", () => {
  it("200 with times read on them", async () => {
    const berlin = await startLogGateway({ beside: gateway, robinTimeZone: "+01:00" });
    write(gateway, "an hour later there");
    const at = new Date(gateway.clock.now().getTime() - 3_600_000).toISOString();
    const answer = await berlin.request("/api/v1/logs", { token: user.token });
    expect(pageOf(answer).entries[0]?.timestamp).toBe(at);
    await berlin.close();
  });
});

describe("GET /api/v1/logs/loggers", () => {
  it("200 with the sorted names as a bare list, found by one search a minute whoever asks", async () => {
    for (const logger of ["smtp.B", "queue.A", "smtp.B"]) write(gateway, "x", { logger });
    gateway.clock.advance(60_000);
    const before = asked().length;
    const answers = await Promise.all(
      ["/api/v1/logs", "/logs", "/api/v1/logs"].map((path) => search("/loggers", path)),
    );
    expect(answers.map(({ body }) => body)).toEqual(answers.map(() => ["queue.A", "smtp.B"]));
    write(gateway, "x", { logger: "later.C" });
    expect((await search("/loggers")).body).toEqual(["queue.A", "smtp.B"]);
    expect(asked().length - before).toBe(1);
    gateway.clock.advance(60_000);
    expect(await trpcClient(gateway, user.token).logs.loggers.query()).toEqual(["later.C", "queue.A", "smtp.B"]);
    expect(asked().length - before).toBe(2);
  });

  it("503 while Robin is away, and 200 at once when it is back", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/logs", fault: { kind: "reset" } });
    expectError(await search("/loggers"), 503, "upstream_unavailable");
    gateway.simulator.faults.clear();
    write(gateway, "x");
    expect((await search("/loggers")).body).toEqual(["smtp.Test"]);
  });
});
