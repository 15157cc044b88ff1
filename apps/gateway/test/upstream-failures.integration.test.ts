import type { RobinSimulator } from "@robin/simulator";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

type Fault = Parameters<RobinSimulator["faults"]["set"]>[0]["fault"];

const neverOpen = { breaker: { failureThreshold: 1_000_000 } };
const robinText = "Internal Server Error: at com.mimecast.robin.Server(10.1.2.3:8090)";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 3 }, robin: neverOpen, app: { requestTimeoutMs: 400 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.simulator.faults.clear();
  await gateway.db.auditEvent.deleteMany();
});

const list = (on = gateway, { token } = operator) => on.request("/api/v1/queue", { token });
const retry = (on = gateway, { token } = operator) =>
  on.request("/api/v1/queue/some-uid/retry", { method: "POST", token });
const breakRobin = (fault: Fault, times?: number) => {
  gateway.simulator.faults.set({ port: "client", route: "*", fault, ...(times !== undefined && { times }) });
};

/** Our shape and words only: nothing that Robin wrote, no address of it, no challenge. */
function expectClean(answer: Answer, { simulator } = gateway) {
  expect(Object.keys(answer.body as object).sort()).toEqual(["code", "error", "message", "requestId"]);
  expect(answer.headers.get("www-authenticate")).toBeNull();
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const { host, port } = new URL(simulator.clientUrl);
  for (const secret of [host, port, "127.0.0.1", "mimecast", "10.1.2.3", "<", "It works", "ECONN", "/client/"]) {
    expect(answer.text).not.toContain(secret);
  }
}

const failures: [string, Fault, number, string][] = [
  ["resets", { kind: "reset" }, 503, "upstream_unavailable"],
  ["never answers", { kind: "blackHole" }, 504, "upstream_timeout"],
  ["answers bytes that are not HTTP", { kind: "garbage" }, 502, "upstream_invalid"],
  ["answers a web page", { kind: "html" }, 502, "upstream_invalid"],
  ["answers 500 with a text", { kind: "status", status: 500, body: robinText }, 502, "upstream_rejected"],
  ["answers 503", { kind: "status", status: 503, body: robinText }, 502, "upstream_rejected"],
  ["answers 400", { kind: "status", status: 400, body: robinText }, 502, "upstream_rejected"],
  ["answers 401", { kind: "status", status: 401, body: robinText }, 502, "upstream_rejected"],
  ["answers 403", { kind: "status", status: 403, body: robinText }, 502, "upstream_rejected"],
  ["answers 404", { kind: "status", status: 404, body: robinText }, 502, "upstream_rejected"],
  ["answers 302", { kind: "status", status: 302, body: robinText }, 502, "upstream_rejected"],
  ["answers 200 with a text", { kind: "status", status: 200, body: robinText }, 502, "upstream_invalid"],
  ["answers 204", { kind: "status", status: 204, body: "" }, 502, "upstream_invalid"],
];

describe.each(failures)("Robin %s", (_name, fault, status, code) => {
  it(`${status} ${code} for the list, with nothing of Robin in it`, async () => {
    breakRobin(fault);
    const answer = await list();
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code });
    expect(answer.headers.get("retry-after")).toBe(status === 503 ? "5" : null);
    expectClean(answer);
  });

  it(`${status} ${code} for a mutation, sent once, with a FAILED audit row`, async () => {
    breakRobin(fault);
    const before = gateway.simulator.requests.length;
    const answer = await retry();
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code });
    expectClean(answer);
    expect(gateway.simulator.requests.length - before).toBe(1);
    expect(await gateway.db.auditEvent.findMany()).toMatchObject([
      { action: "queue.retry", targets: ["some-uid"], outcome: "FAILED", errorCode: code },
    ]);
  });

  it(`${status} ${code} over tRPC, with the words of REST`, async () => {
    breakRobin(fault);
    const rest = (await list()).body as { message: string };
    const failure = await failureOf(trpcClient(gateway, operator.token).queue.list.query({}));
    expect(failure).toMatchObject({ httpStatus: status, appCode: code, message: rest.message });
    expect(Object.keys(failure).sort()).toEqual(["appCode", "code", "httpStatus", "message", "path", "requestId"]);
  });
});

describe("Robin's connection breaks once", () => {
  it("200 for a read, which is tried a second time", async () => {
    breakRobin({ kind: "reset" }, 1);
    const before = gateway.simulator.requests.length;
    expect((await list()).status).toBe(200);
    expect(gateway.simulator.requests.length - before).toBe(4);
  });

  it("503 for a read whose connection breaks twice, and no third try", async () => {
    breakRobin({ kind: "reset" }, 2);
    const before = gateway.simulator.requests.length;
    expect((await list()).status).toBe(503);
    expect(gateway.simulator.requests.length - before).toBe(2);
  });

  it("502 for a read that Robin answers with 500, which is not tried again", async () => {
    breakRobin({ kind: "status", status: 500 }, 1);
    const before = gateway.simulator.requests.length;
    expect((await list()).status).toBe(502);
    expect(gateway.simulator.requests.length - before).toBe(1);
  });
});

describe("Robin asks for credentials", () => {
  it("502 that blames the gateway's credentials and passes no challenge on", async () => {
    const guarded = await startTestGateway({
      simulator: { items: 1, clientAuth: { type: "basic", value: "api:secret" } },
    });
    const someone = await guarded.signIn("ROLE_OPERATOR");
    for (const answer of [await list(guarded, someone), await retry(guarded, someone)]) {
      expect(answer.status).toBe(502);
      expect(answer.body).toMatchObject({
        code: "upstream_rejected",
        message: expect.stringContaining("credentials") as string,
      });
      expectClean(answer, guarded);
    }
    await guarded.close();
  });

  it("200 with the right ones, which are sent to Robin alone", async () => {
    const auth = { type: "basic", username: "api", password: "secret" } as const;
    const clientAuth = { type: "basic", value: "api:secret" } as const;
    const guarded = await startTestGateway({ simulator: { items: 1, clientAuth } });
    const { clientUrl, serviceUrl } = guarded.simulator;
    const known = await startTestGateway({
      beside: guarded,
      robin: { clientApi: { url: clientUrl, auth }, serviceApi: { url: serviceUrl } },
    });
    const answer = await list(known, await known.signIn("ROLE_OPERATOR"));
    expect(answer.status).toBe(200);
    expect(JSON.stringify([...answer.headers])).not.toMatch(/basic|secret/i);
    await known.close();
    await guarded.close();
  });
});

describe("Robin is down", () => {
  it("503 with Retry-After for the list and for a mutation, with nothing of Robin in it", async () => {
    const lonely = await startTestGateway({ robin: neverOpen });
    const someone = await lonely.signIn("ROLE_OPERATOR");
    await lonely.simulator.close();
    for (const answer of [await list(lonely, someone), await retry(lonely, someone)]) {
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({ code: "upstream_unavailable" });
      expect(answer.headers.get("retry-after")).toBe("5");
      expectClean(answer, lonely);
    }
    const { headers } = await lonely.request("/trpc/queue.list?input=%7B%22json%22%3A%7B%7D%7D", {
      token: someone.token,
    });
    expect(headers.get("retry-after")).toBe("5");
    const rows = await lonely.db.auditEvent.findMany({ where: { action: "queue.retry" } });
    expect(rows).toMatchObject([{ outcome: "FAILED", errorCode: "upstream_unavailable" }]);
    await lonely.close();
  });

  it("the log has the cause under the request id, and no address of Robin", async () => {
    breakRobin({ kind: "status", status: 500, body: "detail of Robin" });
    const answer = await list();
    const requestId = answer.headers.get("x-request-id");
    const lines = gateway.logs.filter((line) => line.requestId === requestId);
    expect(lines).toMatchObject([
      { msg: "procedure failed upstream", level: 40, code: "upstream_rejected", procedure: "queue.list" },
      { msg: "request", status: 502 },
    ]);
    expect(JSON.stringify(lines)).toContain("Robin answered 500");
    expect(JSON.stringify(lines)).not.toContain(new URL(gateway.simulator.clientUrl).port);
  });
});

describe("Robin answers without end", () => {
  let flood: Server;
  let flooded: TestGateway;
  beforeAll(async () => {
    flood = createServer((_req, res) => {
      res.writeHead(200, { "content-type": "text/html" });
      const pour = () => {
        while (!res.destroyed && res.write("<p>".repeat(10_000))) continue;
      };
      res.on("drain", pour);
      pour();
    });
    await new Promise<void>((resolve) => flood.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(flood.address() as AddressInfo).port}`;
    flooded = await startTestGateway({
      robin: { clientApi: { url }, serviceApi: { url }, responseBytesMax: 1_000_000 },
    });
  });
  afterAll(async () => {
    await flooded.close();
    flood.closeAllConnections();
    flood.close();
  });

  it("502 after the bytes that an answer may have", async () => {
    const answer = await list(flooded, await flooded.signIn("ROLE_OPERATOR"));
    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({ code: "upstream_invalid" });
    expectClean(answer, flooded);
  });
});
