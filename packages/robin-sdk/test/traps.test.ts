import { createRobinSimulator, type Fault, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError } from "../src/index.ts";
import { createTestClient, rejection, type TestClient } from "../src/testing/stand-in.ts";
import { methodNames } from "./contract/called-methods.ts";
import { everyMethod } from "./every-method.ts";

const account = "example.com/tony";

/** What the calls need to be there, so that each gets as far as its own request. */
async function furnish(robin: RobinSimulator, client: TestClient): Promise<void> {
  for (const leaf of ["new", ".Work/new", ".Done/new"])
    robin.store.put(`${account}/${leaf}/1.eml`, "Subject: x\r\n\r\n");
  const owner = { domain: "example.com", user: "tony" };
  for (const name of ["Work", "Done"]) await client.mailboxes.folders.create({ ...owner, name });
}

describe("traps that every method of the SDK must know", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({ items: 3, mails: 0 });
    const port = { url: simulator.clientUrl };
    client = createTestClient(simulator.clientUrl, {
      clientApi: port,
      serviceApi: { url: simulator.serviceUrl },
      breaker: { failureThreshold: 1_000 },
    });
    await furnish(simulator, client);
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  function failEveryRequest(fault: Fault): void {
    for (const port of ["client", "service"] as const) simulator.faults.set({ port, route: "*", fault });
  }

  it("there is a call of every method", () => {
    expect(Object.keys(everyMethod).sort()).toEqual(
      methodNames(client)
        .filter((name) => name !== "calls")
        .sort(),
    );
  });

  const methods = Object.entries(everyMethod);

  it.each(methods)("trap 1: a wrong path is 200 HTML, never 404: %s checks the content type", async (_name, call) => {
    failEveryRequest({ kind: "html" });
    expect((await rejection(call(client), isRobinError)).kind).toBe("invalid-response");
  });

  it.each(methods)(
    "trap 4: some failures are a closed socket: %s says network, and only a GET is retried",
    async (_name, call) => {
      failEveryRequest({ kind: "reset" });
      const before = simulator.requests.length;
      expect((await rejection(call(client), isRobinError)).kind).toBe("network");
      const asked = simulator.requests.slice(before).map(({ method }) => method);
      expect(asked).toEqual(asked[0] === "GET" ? ["GET", "GET"] : [asked[0]]);
    },
  );

  it("trap 5: calls that answer more than 8 KB never reuse a connection, which costs 44 ms each", async () => {
    const start = simulator.requests.length;
    const names = ["queue.list", "metrics.read", "config.sections", "logs.search", "store.list", "mailboxes.view"];
    for (const name of [...names, ...names]) await everyMethod[name]?.(client);
    const connections = simulator.requests.slice(start).map(({ connectionId }) => connectionId);
    expect(connections).toHaveLength(2 * names.length);
    expect(new Set(connections).size).toBe(connections.length);
  });

  it("traps 2, 8 and 10: management URLs are constants, bodies are strict JSON without null, no HEAD and no OPTIONS", async () => {
    for (const [, call] of methods) await call(client).catch(() => undefined);
    const targets = simulator.requests.map(({ method, target }) => `${method} ${target.split("?", 1)[0] ?? ""}`);
    expect([...new Set(targets.filter((target) => target.includes("/client/")))].sort()).toEqual([
      "GET /client/queue/list",
      "POST /client/queue",
      "POST /client/queue/bounce",
      "POST /client/queue/delete",
      "POST /client/queue/retry",
      "POST /client/send",
    ]);
    expect([...new Set(simulator.requests.map(({ method }) => method))].sort()).toEqual([
      "DELETE",
      "GET",
      "PATCH",
      "POST",
      "PUT",
    ]);
    const bodies = simulator.requests.flatMap(({ headers, body }) =>
      headers["content-type"] === "application/json" ? [body.toString("utf8")] : [],
    );
    expect(bodies.length).toBeGreaterThan(20);
    for (const body of bodies) expect(JSON.stringify(JSON.parse(body))).toBe(body);
    expect(bodies.filter((body) => body.includes("null"))).toEqual([]);
  });

  it("trap 29: one poisoned item turns list pages into 500: it is reported as such, not shown as an empty queue", async () => {
    const { uid } = simulator.queue.add({ envelopes: [{ mail: "a", rcpts: ["b"], file: undefined, mime: true }] });
    simulator.queue.fail(uid, { permanent: false });
    const error = await rejection(client.queue.list(), isRobinError);
    expect(error).toMatchObject({ kind: "http", status: 500 });
    expect(error.detail).toContain("Failed to serialize queue payload");
  });

  it("trap 44: Robin runs on without a port that was taken: the health of each is asked separately", async () => {
    const taken = { url: "http://127.0.0.1:1" };
    const withoutService = createTestClient(simulator.clientUrl, { serviceApi: taken });
    const withoutClient = createTestClient(simulator.serviceUrl, { clientApi: taken });
    expect(await withoutService.health.client()).toEqual({ status: "UP" });
    expect((await rejection(withoutService.health.service(), isRobinError)).kind).toBe("network");
    expect(await withoutClient.health.service()).toMatchObject({ status: "UP" });
    expect((await rejection(withoutClient.health.client(), isRobinError)).kind).toBe("network");
    await Promise.all([withoutService.close(), withoutClient.close()]);
  });
});
