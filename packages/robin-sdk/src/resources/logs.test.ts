import { createManualClock, createRobinSimulator, type ManualClock, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isLogSearchEcho, isRobinError, isRobinInputError, parseLogEntries, type LogSearch } from "../index.ts";
import { createStandIn, createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";
import { createLineSplitter } from "./logs.lines.ts";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
const drain = (search: LogSearch): Promise<string[]> => collect(search);

describe("logs.search", () => {
  let simulator: RobinSimulator;
  let client: TestClient;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = createManualClock(new Date("2026-01-01T12:00:00Z"));
    simulator = await createRobinSimulator({ items: 0, clock });
    client = createTestClient(simulator.clientUrl);
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  it("trap 30: gives today's lines before yesterday's, which belong to last year on New Year's Day", async () => {
    const lines = await drain(client.logs.search({ query: "Accepted connection" }));
    const entries = await collect(parseLogEntries(lines, { timeZone: "UTC", now: clock.now() }));
    const days = entries.map((entry) => (entry.kind === "entry" ? entry.at.toISOString().slice(0, 10) : ""));
    expect([...new Set(days)]).toEqual(["2026-01-01", "2025-12-31"]);
    expect(simulator.requests.at(-1)).toMatchObject({ method: "GET", target: "/logs?query=Accepted+connection" });
    expect(simulator.requests.at(-1)?.headers.connection).toBe("keep-alive");
  });

  it("trap 30: its own searches are among the results, and can be told apart", async () => {
    await drain(client.logs.search({ query: "nothing like this" }));
    const search = client.logs.search({ query: "nothing like this" });
    const entries = await collect(parseLogEntries(search, { timeZone: "UTC", now: clock.now() }));
    expect(entries).toHaveLength(5);
    expect(entries.every((entry) => entry.kind === "entry" && isLogSearchEcho(entry))).toBe(true);
    expect(search.outcome()).toMatchObject({ truncated: false, lines: 5, sawItself: true });
  });

  it.each(["", "  ", "\t", "a\nb", "a\rb", "\ud800", "x".repeat(1001)])(
    "trap 30: refuses %j before the call: Robin would answer with its usage, or find nothing",
    (query) => {
      expect(() => client.logs.search({ query })).toThrow(expect.objectContaining({ field: "query" }) as Error);
      expect(simulator.requests).toEqual([]);
    },
  );

  it("refuses a cap under which nothing could be given out", () => {
    expect(() => client.logs.search({ query: "x" }, { bytesMax: 0 })).toThrow(
      expect.objectContaining({ field: "bytesMax" }) as Error,
    );
    expect(isRobinInputError(new Error("x"))).toBe(false);
  });

  it("encodes the query once", async () => {
    await drain(client.logs.search({ query: "a+b c&d=%é|" }));
    expect(simulator.requests.at(-1)?.target).toBe("/logs?query=a%2Bb+c%26d%3D%25%C3%A9%7C");
  });

  it("asks nothing before the first line is wanted", async () => {
    const search = client.logs.search({ query: "x" });
    expect(simulator.requests).toEqual([]);
    await drain(search);
    expect(simulator.requests).toHaveLength(1);
  });

  it("an invalid byte ends Robin's results without a word; the missing own line gives it away", async () => {
    simulator.logs.appendInvalidByte();
    const search = client.logs.search({ query: "Accepted connection" });
    const lines = await drain(search);
    expect(lines.length).toBeGreaterThan(0);
    expect(search.outcome()).toMatchObject({ truncated: false, sawItself: false });
  });

  it("stops at the cap, at the end of a line, and says so", async () => {
    const all = await drain(client.logs.search({ query: "Accepted" }));
    const first = all.slice(0, 3).join("\n").length + 1;
    const search = client.logs.search({ query: "Accepted" }, { bytesMax: first + 5 });
    expect(await drain(search)).toEqual(all.slice(0, 3));
    expect(search.outcome()).toEqual({
      truncated: true,
      bytes: first,
      lines: 3,
      invalidLines: 0,
      cutLines: 0,
      sawItself: false,
    });
  });

  it("a reader who leaves gets an outcome, and the slot is free again", async () => {
    const search = client.logs.search({ query: "Accepted" });
    for await (const line of search) {
      expect(line).toContain("Accepted");
      break;
    }
    expect(search.outcome()).toMatchObject({ truncated: true, lines: 1 });
    await vi.waitFor(() => {
      expect(client.calls.at(-1)).toMatchObject({ endpoint: "/logs", outcome: "aborted", status: 200 });
    });
  });

  it("500 when Robin does not know its log, which is no reason to leave the port alone", async () => {
    simulator.logs.setAppender("none");
    for (let count = 0; count < 6; count += 1) {
      const search = client.logs.search({ query: "x" });
      const error = await rejection(drain(search), isRobinError);
      expect(error).toMatchObject({ kind: "http", status: 500, endpoint: "/logs" });
      expect(search.outcome()).toBeUndefined();
    }
    expect(client.breakers().client).toBe("closed");
  });

  it("trap 1: the landing page is no log", async () => {
    simulator.faults.set({ port: "client", route: "/logs", fault: { kind: "html" } });
    const error = await rejection(drain(client.logs.search({ query: "x" })), isRobinError);
    expect(error.kind).toBe("invalid-response");
  });
});

describe("logs.search on the wire", () => {
  const head = { "content-type": "text/plain; charset=utf-8" };

  it("takes from the socket only what is read, and closes it when the reader leaves", { timeout: 20_000 }, async () => {
    const line = `${"x".repeat(1023)}\n`;
    let written = 0;
    await using robin = await createStandIn((_request, response) => {
      response.writeHead(200, head);
      const write = (): void => {
        while (!response.destroyed) {
          written += 65_536;
          if (!response.write(line.repeat(64))) break;
        }
        response.once("drain", write);
      };
      write();
    });
    await using client = createTestClient(robin.url);
    let lines = 0;
    let writtenAtPause = 0;
    for await (const text of client.logs.search({ query: "x" }, { bytesMax: 1_000_000_000 })) {
      expect(text).toHaveLength(1023);
      lines += 1;
      if (lines === 100) {
        // Robin writes until every buffer on the way is full, and then no more.
        await vi.waitFor(
          async () => {
            const before = written;
            await new Promise((resolve) => setImmediate(resolve));
            expect(written - before).toBe(0);
            if (writtenAtPause !== written) {
              writtenAtPause = written;
              throw new Error("still writing");
            }
          },
          { interval: 50, timeout: 5_000 },
        );
      }
      if (lines === 110) break;
    }
    expect(writtenAtPause).toBeLessThan(32 * 1024 * 1024);
    await vi.waitFor(() => {
      expect(robin.sockets.size).toBe(0);
    });
  });

  it("the deadline ends a search whose reader dawdles", async () => {
    await using robin = await createStandIn((_request, response) => {
      response.writeHead(200, head);
      response.write("first\n");
    });
    await using client = createTestClient(robin.url);
    const search = client.logs.search({ query: "x" }, { timeoutMs: 50 });
    expect(await rejection(drain(search), isRobinError)).toMatchObject({ kind: "timeout" });
    expect(search.outcome()).toBeUndefined();
    await vi.waitFor(() => {
      expect(robin.sockets.size).toBe(0);
    });
  });

  it("a connection that breaks in the middle is an error after the lines before it", async () => {
    await using robin = await createStandIn((_request, response) => {
      response.writeHead(200, { ...head, "content-length": "1000" });
      response.write("first\nsec", () => response.destroy());
    });
    await using client = createTestClient(robin.url);
    const search = client.logs.search({ query: "x" });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const line of search) seen.push(line);
    })();
    expect(await rejection(reading, isRobinError)).toMatchObject({ kind: "network", endpoint: "/logs" });
    expect([seen, search.outcome(), robin.connections()]).toEqual([["first"], undefined, 1]);
  });

  it("the caller's signal ends it", async () => {
    await using robin = await createStandIn((_request, response) => {
      response.writeHead(200, head);
      response.write("first\n");
    });
    await using client = createTestClient(robin.url);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const line of client.logs.search({ query: "x" }, { signal: controller.signal })) {
        expect(line).toBe("first");
        controller.abort();
      }
    })();
    expect(await rejection(reading, isRobinError)).toMatchObject({ kind: "aborted" });
  });
});

describe("createLineSplitter", () => {
  const split = (chunks: (string | Buffer)[], bytesMax = 1_000_000) => {
    const splitter = createLineSplitter(bytesMax);
    const lines = chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))]);
    return { texts: [...lines, ...splitter.end()], isFull: splitter.isFull(), ...splitter.counts() };
  };

  it("puts lines together that chunks cut, also within a character", () => {
    const bytes = Buffer.from("grün\n\nzwei\r\nohne Ende");
    const parts = [...bytes].map((byte) => Buffer.from([byte]));
    expect(split(parts).texts).toEqual(["grün", "", "zwei", "ohne Ende"]);
    expect(split([bytes]).bytes).toBe(bytes.byteLength);
  });

  it("counts lines with invalid bytes and shows where they are", () => {
    expect(split([Buffer.from("a\xffb\ngut\n", "latin1")])).toMatchObject({
      texts: ["a\uFFFDb", "gut"],
      invalidLines: 1,
    });
  });

  it("cuts a line beyond 256 KiB instead of holding it", () => {
    const chunks = Array.from({ length: 400 }, () => "y".repeat(1024));
    const { texts, cutLines, bytes } = split([...chunks, "\nnext\n"]);
    expect(texts.map((text) => text.length)).toEqual([256 * 1024, 4]);
    expect([cutLines, bytes]).toEqual([1, 400 * 1024 + 6]);
  });

  it.each([
    [["ab\ncd\n"], 6, ["ab", "cd"], false],
    [["ab\ncd\n"], 5, ["ab"], true],
    [["ab\ncd"], 5, ["ab", "cd"], false],
    [["abcdef"], 5, [], true],
    [["ab\n", "cdefgh", "ij\n"], 6, ["ab"], true],
    [[], 5, [], false],
  ])("of %j it gives out at most %d bytes", (chunks, bytesMax, texts, isFull) => {
    expect(split(chunks, bytesMax)).toMatchObject({ texts, isFull });
  });
});
