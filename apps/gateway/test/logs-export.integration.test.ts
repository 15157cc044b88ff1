import { createTRPCClient, httpBatchStreamLink } from "@trpc/client";
import type { AppRouter } from "@robin/api";
import { once } from "node:events";
import { request } from "node:http";
import superjson from "superjson";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, type TestGateway } from "./harness.ts";
import { logAnswer, stampOf, startLogGateway, startLogStandIn, write } from "./logs-support.ts";

const dayMs = 86_400_000;

let gateway: TestGateway;
let user: SignedIn;
beforeAll(async () => {
  gateway = await startLogGateway();
});
afterAll(() => gateway.close());
/** Two days later the log of the test before is out of reach. */
beforeEach(async () => {
  gateway.clock.advance(2 * dayMs);
  user = await gateway.signIn("ROLE_USER");
});

const download = (query = "", path = "/api/v1/logs/export"): Promise<Answer> =>
  gateway.request(`${path}${query}`, { token: user.token });
const contents = ({ text }: Answer): unknown => JSON.parse(text);

/** Two entries of yesterday and two of today; Robin's own about earlier searches as well. */
async function writeTwoDays(): Promise<void> {
  write(gateway, "one", { level: "WARN" });
  write(gateway, "two\njava.lang.Exception: x\n\tat a.B.c(B.java:1)", { level: "ERROR" });
  gateway.clock.advance(dayMs - 60_000);
  user = await gateway.signIn("ROLE_USER");
  await download();
  write(gateway, "three", { level: "FATAL", logger: "queue.Test" });
  write(gateway, "=four", { aCode: "session-1", bCode: "/192.0.2.1:4000", cCode: '"a,b"@example.com' });
}

describe("GET /api/v1/logs/export", () => {
  it("200 as txt: Robin's lines as they are, the oldest first, without those about searches", async () => {
    await writeTwoDays();
    const [yesterday, today] = [dayMs - 60_000, 0].map((ms) => stampOf(new Date(gateway.clock.now().getTime() - ms)));
    for (const path of ["/api/v1/logs/export", "/logs/export"]) {
      const answer = await download("?format=txt", path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename=robin-logs-\d{8}T\d{6}\.txt$/);
      const lines = answer.text.split("\n");
      expect(lines.map((line) => line.replace(/\d{4}-\d{9}/, "now"))).toEqual([
        "WARN |now|pool-1|smtp.Test||||one",
        "ERROR|now|pool-1|smtp.Test||||two",
        "java.lang.Exception: x",
        "\tat a.B.c(B.java:1)",
        "FATAL|now|pool-1|queue.Test||||three",
        'INFO |now|pool-1|smtp.Test|session-1|/192.0.2.1:4000|"a,b"@example.com|=four',
        "",
      ]);
      expect([lines[1]?.slice(6, 10), lines[5]?.slice(6, 20)]).toEqual([yesterday?.slice(0, 4), today]);
    }
  });

  it("200 as json: an array of entries, also with both days or none", async () => {
    expect(contents(await download("?format=json"))).toEqual([]);
    await writeTwoDays();
    const answer = await download("?format=json");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(contents(answer)).toEqual([
      expect.objectContaining({ message: "one", level: "WARN" }),
      expect.objectContaining({ message: "two", stackTrace: "java.lang.Exception: x\n\tat a.B.c(B.java:1)" }),
      expect.objectContaining({ message: "three", level: "ERROR", context: { level: "FATAL" } }),
      expect.objectContaining({ message: "=four", timestamp: gateway.clock.now().toISOString() }),
    ]);
    expect(contents(await download(`?format=json&search=four`))).toHaveLength(1);
  });

  it("200 as csv: quoted where needed, and nothing that a spreadsheet would run", async () => {
    await writeTwoDays();
    const answer = await download("?format=csv");
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "now")).toBe(
      [
        "timestamp,level,logger,thread,message,stackTrace,aCode,bCode,cCode",
        "now,WARN,smtp.Test,pool-1,one,,,,",
        'now,ERROR,smtp.Test,pool-1,two,"java.lang.Exception: x\n\tat a.B.c(B.java:1)",,,',
        "now,FATAL,queue.Test,pool-1,three,,,,",
        'now,INFO,smtp.Test,pool-1,\'=four,,session-1,/192.0.2.1:4000,"""a,b""@example.com"',
        "",
      ].join("\r\n"),
    );
  });

  it("200 with the filters of the search; lines of a stack go with their entry", async () => {
    await writeTwoDays();
    const since = encodeURIComponent(new Date(gateway.clock.now().getTime() - 3_600_000).toISOString());
    const linesOf = async (query: string) => (await download(query)).text.trimEnd().split("\n");
    expect((await linesOf("?level=ERROR")).map((line) => line.slice(0, 5))).toEqual([
      "ERROR",
      "java.",
      "\tat a",
      "FATAL",
    ]);
    expect(gateway.simulator.requests.at(-1)?.target).toBe("/logs?query=.");
    expect(await linesOf("?level=WARN")).toHaveLength(1);
    expect(gateway.simulator.requests.at(-1)?.target).toBe("/logs?query=WARN+%7C");
    expect(await linesOf("?logger=queue")).toEqual([expect.stringContaining("three")]);
    expect(await linesOf(`?startTime=${since}`)).toHaveLength(2);
    expect(await linesOf("?search=B.java")).toEqual(["\tat a.B.c(B.java:1)"]);
  });

  it.each([
    ["txt", /\n# Incomplete: [^\n]*no UTF-8[^\n]*\n$/],
    ["csv", /\r\n,,,,"?Incomplete: [^\n]*no UTF-8[^\n]*\r\n$/],
    ["json", /,\n\{"incomplete":true,"incompleteReasons":\["[^"]*no UTF-8[^"]*"\]\}\n\]\n$/],
  ])("200 as %s with a word at its end when an invalid byte ended the log early", async (format, end) => {
    write(gateway, "seen");
    gateway.clock.advance(dayMs - 60_000);
    user = await gateway.signIn("ROLE_USER");
    gateway.simulator.logs.appendInvalidByte();
    const answer = await download(`?format=${format}`);
    expect(answer.text).toContain("seen");
    expect(answer.text).toMatch(end);
    if (format === "json") expect(contents(answer)).toHaveLength(2);
  });

  it("200 with a word at its end when lines were left out, or older ones asked for", async () => {
    write(gateway, "failed\n\tat smtp.Line.read(Line.java:6)");
    expect(contents(await download("?format=json&search=Line.java"))).toEqual([
      { incomplete: true, incompleteReasons: [expect.stringMatching(/^Some lines belong to entries/)] },
    ]);
    expect((await download("?search=Line.java&level=INFO")).text).toMatch(/^# Incomplete: Some lines/);
    expect((await download("?startTime=2020-01-01T00:00:00Z")).text).toMatch(/\n# Incomplete: .*nothing before/);
  });

  it.each([
    "format=xml",
    "format=",
    "search=%20",
    "limit=5",
    "startTime=2026-01-02T00:00:00Z&endTime=2026-01-01T00:00:00Z",
  ])("400 for %s, and Robin is not asked", async (query) => {
    const before = gateway.simulator.requests.length;
    expectError(await download(`?${query}`), 400, "invalid_input");
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it("200 for HEAD, without the file", async () => {
    write(gateway, "x");
    const answer = await gateway.request("/api/v1/logs/export", { method: "HEAD", token: user.token });
    expect([answer.status, answer.headers.get("content-type"), answer.text]).toEqual([
      200,
      "text/plain; charset=utf-8",
      "",
    ]);
  });

  it("the same bytes for a typed client that streams", async () => {
    write(gateway, "typed");
    const link = httpBatchStreamLink({
      url: `${gateway.url}/trpc`,
      transformer: superjson,
      headers: { authorization: `Bearer ${user.token}` },
    });
    const client = createTRPCClient<AppRouter>({ links: [link] });
    const parts: Uint8Array[] = [];
    for await (const part of await client.logs.export.query({ format: "txt" })) parts.push(part);
    expect(Buffer.concat(parts).toString()).toMatch(/\|typed\n$/);
  });
});

describe("a large export", () => {
  it("does not keep Robin while its reader is slow, and comes whole in the end", async () => {
    const robin = await startLogStandIn();
    const slow = await startLogGateway({ beside: gateway, robin: { clientApi: { url: robin.url } } });
    const line = `INFO |${stampOf(gateway.clock.now())}|main|smtp.Test||||${"x".repeat(1000)}`;
    const lines = Array.from({ length: 30_000 }, () => line);
    const plain = { "content-type": "text/plain; charset=utf-8" };

    const reading = request(`${slow.url}/api/v1/logs/export`, { headers: { authorization: `Bearer ${user.token}` } });
    reading.end();
    (await robin.next()).writeHead(200, plain).end(logAnswer(lines));
    const [answer] = (await once(reading, "response")) as [NodeJS.ReadableStream];
    // Nothing of the 30 MB is read, and yet the next search has its turn.
    const searching = slow.request("/api/v1/logs", { token: user.token });
    (await robin.next()).writeHead(200, plain).end(logAnswer([line]));
    expect((await searching).body).toMatchObject({ total: 1 });
    let bytes = 0;
    for await (const part of answer) bytes += Buffer.byteLength(part);
    expect(bytes).toBe(lines.length * (line.length + 1));
    await slow.close();
    await robin.close();
  });
});
