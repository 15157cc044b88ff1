import type { RobinSimulator } from "@robin/simulator";
import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { expectError } from "./auth-support.ts";
import { type SignedIn, type TestGateway } from "./harness.ts";
import { logAnswer, type LogStandIn, startLogGateway, startLogStandIn } from "./logs-support.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

type Fault = Parameters<RobinSimulator["faults"]["set"]>[0]["fault"];

const paths = ["/api/v1/logs", "/api/v1/logs/loggers", "/api/v1/logs/export"];
const plain = { "content-type": "text/plain; charset=utf-8" };

describe("Robin in trouble", () => {
  let gateway: TestGateway;
  let user: SignedIn;
  beforeAll(async () => {
    const robin = { breaker: { failureThreshold: 1_000_000 }, timeoutMs: 1500 };
    gateway = await startLogGateway({ robin, app: { requestTimeoutMs: 1500 } });
    user = await gateway.signIn("ROLE_USER");
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    gateway.simulator.faults.clear();
    gateway.simulator.logs.setAppender("rolling");
    // What another test was answered is shared for so long.
    gateway.clock.advance(60_000);
  });
  const get = (path: string) => gateway.request(path, { token: user.token });

  it.each<[string, Fault, number, string]>([
    ["resets", { kind: "reset" }, 503, "upstream_unavailable"],
    ["answers a web page", { kind: "html" }, 502, "upstream_invalid"],
    [
      "answers 500 for another reason",
      { kind: "status", status: 500, body: "Out of memory" },
      502,
      "upstream_rejected",
    ],
    ["refuses our credentials", { kind: "status", status: 401 }, 502, "upstream_rejected"],
  ])("Robin %s", async (_what, fault, status, code) => {
    gateway.simulator.faults.set({ port: "client", route: "/logs", fault });
    for (const path of paths) expectError(await get(path), status, code);
  });

  it("504 when Robin does not answer in time, and the next search is not kept waiting", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/logs", fault: { kind: "blackHole" }, times: 1 });
    expectError(await get("/api/v1/logs"), 504, "upstream_timeout");
    expect((await get("/api/v1/logs")).status).toBe(200);
  });

  it.each(["none", "undated"] as const)(
    "409 when Robin cannot find its log (appender %s), by both roads, and its breaker stays closed",
    async (appender) => {
      gateway.simulator.logs.setAppender(appender);
      for (const path of paths) {
        const { message } = expectError(await get(path), 409, "conflict");
        expect(message).toBe(
          "Robin does not know where its log is: its log4j2 configuration has no rolling file with a date.",
        );
      }
      const failure = await failureOf(trpcClient(gateway, user.token).logs.search.query({}));
      expect(failure).toMatchObject({ httpStatus: 409, appCode: "conflict" });
      expect(gateway.deps.robin.breakers().client).toBe("closed");
    },
  );
});

describe("a Robin that answers as slowly as the test wants", () => {
  let gateway: TestGateway;
  let robin: LogStandIn;
  let token: string;
  beforeEach(async () => {
    robin = await startLogStandIn();
    gateway = await startLogGateway({ robin: { clientApi: { url: robin.url } }, app: { requestTimeoutMs: 20_000 } });
    ({ token } = await gateway.signIn("ROLE_USER"));
  });
  afterEach(async () => {
    await gateway.close();
    await robin.close();
  });
  const search = (signal?: AbortSignal, path = "/api/v1/logs") =>
    fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` }, ...(signal && { signal }) });
  const answer = (response: ServerResponse) => response.writeHead(200, plain).end(logAnswer([]));

  it("503 when it closes the connection in the middle of its answer, also for an export", async () => {
    for (const path of paths.toReversed()) {
      const answering = gateway.request(path, { token });
      const response = await robin.next();
      response.writeHead(200, { ...plain, "content-length": "100000" });
      response.write(logAnswer(["INFO |0101-000000000|t|l.L||||m"]), () => response.destroy());
      expectError(await answering, 503, "upstream_unavailable");
    }
  });

  it("has one search at a time; 503 with Retry-After beyond eight who wait, 200 for those in turn", async () => {
    const first = search();
    const response = await robin.next();
    const others = Array.from({ length: 9 }, (_, index) => search(undefined, `/api/v1/logs?offset=${index + 1}`));
    const refused = await Promise.race(others);
    expect([refused.status, refused.headers.get("retry-after"), robin.count()]).toEqual([503, "5", 1]);
    answer(response);
    for (let count = 2; count <= 9; count += 1) {
      const next = await robin.next();
      expect(robin.count()).toBe(count);
      answer(next);
    }
    const statuses = (await Promise.all([first, ...others])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array.from({ length: 9 }, () => 200), 503]);
  });

  it.each(["/api/v1/logs", "/api/v1/logs/export"])(
    "ends the search of a caller of %s who leaves in the middle, and the next has its turn",
    async (path) => {
      const leaving = new AbortController();
      const left = search(leaving.signal, path).catch((error: unknown) => error);
      const response = await robin.next();
      response.writeHead(200, plain).write("INFO |0101-000000000|t|l.L||||m\n");
      const next = search(undefined, "/api/v1/logs?offset=1");
      leaving.abort();
      await left;
      await vi.waitFor(() => {
        expect(response.destroyed).toBe(true);
      });
      answer(await robin.next());
      expect((await next).status).toBe(200);
      const line = gateway.logs.find(({ msg, aborted }) => msg === "request" && aborted === true);
      expect(line).toMatchObject({ path });
      expect(gateway.logs.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    },
  );

  it("200 for all who look at the same page, by one search, until it is two seconds old", async () => {
    const all = [search(), search(), search()];
    answer(await robin.next());
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await search()).status).toBe(200);
    expect(robin.count()).toBe(1);
    gateway.clock.advance(2000);
    const later = search();
    answer(await robin.next());
    expect((await later).status).toBe(200);
  });

  it("503 when the time of a request passes while others search", async () => {
    const hurried = await startLogGateway({
      beside: gateway,
      robin: { clientApi: { url: robin.url } },
      app: { requestTimeoutMs: 300 },
    });
    // An export has more time.
    const first = fetch(`${hurried.url}/api/v1/logs/export`, { headers: { authorization: `Bearer ${token}` } });
    const response = await robin.next();
    const late = await hurried.request("/api/v1/logs", { token });
    expect(expectError(late, 503, "upstream_unavailable").message).toContain("still running");
    answer(response);
    expect((await first).status).toBe(200);
    await hurried.close();
  });
});
