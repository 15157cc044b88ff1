import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crowd, seconds } from "./clients.ts";
import { load } from "./load.ts";

let served = 0;
const server = createServer((req, res) => {
  served += 1;
  if (req.url === "/gone") res.writeHead(404).end('{"message":"There is nothing."}');
  else if (req.url === "/cut") req.socket.destroy();
  else if (req.headers.authorization === "Bearer token") res.end("hello");
  else res.writeHead(401).end("no");
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

describe("load", () => {
  it.each(["wrk", "autocannon"] as const)(
    "counts what the target answered to %s, per second of its CPU time too",
    async (generator) => {
      served = 0;
      let cpu = 0;
      const target = { url, cpuSeconds: () => (cpu += 2) };
      const headers = { authorization: "Bearer token" };
      const result = await load(target, { path: "/", headers, connections: 2, seconds: 1, generator });
      expect(result).toMatchObject({ badStatuses: 0, socketErrors: 0, perCpuSecond: result.requests / 2 });
      // What is under way at the end is answered, but not counted.
      expect(served - result.requests).toBeGreaterThanOrEqual(0);
      expect(served - result.requests).toBeLessThanOrEqual(4);
    },
  );

  it("tells of answers that mean that something else was measured", async () => {
    const target = { url, cpuSeconds: () => undefined };
    const result = await load(target, { path: "/", connections: 1, seconds: 1 });
    expect(result.badStatuses).toBeGreaterThan(0);
    expect(result.perCpuSecond).toBeUndefined();
  });
});

describe("crowd", () => {
  it("counts statuses, failures without a sentence and errors at the socket", async () => {
    const paths = ["/", "/gone", "/cut"];
    const until = seconds(0.2);
    const tally = await crowd({ url: (index) => url + (paths[index % 3] ?? ""), clients: 2, perSecond: 100, until });
    expect([...tally.statuses.keys()].sort()).toEqual([401, 404]);
    expect(tally.otherThan(404)).toBe(tally.statuses.get(401));
    expect(tally.withoutSentence).toBe(tally.statuses.get(401));
    // Named apart when the connection had been used before.
    expect([...tally.socketErrors.keys()].filter((name) => !name.startsWith("ECONNRESET"))).toEqual([]);
    expect(tally.errors).toBeGreaterThan(0);
  });

  it("ends with the error of what it ran beside", async () => {
    const until = Promise.reject(new Error("no worker"));
    await expect(crowd({ url: () => url, clients: 1, until })).rejects.toThrow("no worker");
  });
});
