import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startTestGateway, testPassword, type TestGateway } from "./harness.ts";
import { rawHead, sendRaw } from "./raw-http.ts";

let gateway: TestGateway;
let token: string;
let username: string;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 5 } });
  ({ token, username } = await gateway.signIn("ROLE_OPERATOR"));
});
afterAll(() => gateway.close());
afterEach(() => {
  vi.restoreAllMocks();
});

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const rest = (path: string, body?: unknown) =>
  gateway.request(`/api/v1${path}`, { token, ...(body !== undefined && { body }) });
/** A call as it stands on the wire, so that no client's types come in between. */
const trpcQuery = (path: string, input: unknown) =>
  gateway.request(`/trpc/${path}?input=${encodeURIComponent(JSON.stringify({ json: input }))}`, { token });
const trpcMutation = (path: string, input: unknown) =>
  gateway.request(`/trpc/${path}`, { token, body: { json: input } });
const logLines = (requestId: string | null) => gateway.logs.filter((line) => line.requestId === requestId);

describe("defect: the adapter marks schemas for coercion in place, for tRPC callers as well", () => {
  /** What each road makes of these inputs. It must be the same before and after the adapter has seen the schemas. */
  async function meanings() {
    const login = { username, password: testPassword };
    const statuses: Record<string, number> = {};
    for (const rememberMe of [true, false, "true", "false", "yes", "", 0, 1, null]) {
      const name = JSON.stringify(rememberMe);
      statuses[`rest rememberMe ${name}`] = (await rest("/auth/login", { ...login, rememberMe })).status;
      statuses[`trpc rememberMe ${name}`] = (await trpcMutation("auth.login", { ...login, rememberMe })).status;
    }
    for (const limit of [5, "5", "five", true, null, "1e1", " 5", [5]]) {
      const name = JSON.stringify(limit);
      statuses[`trpc limit ${name}`] = (await trpcQuery("queue.list", { limit })).status;
    }
    for (const uids of ["a", 7, [7], [true], { length: 1 }]) {
      const name = JSON.stringify(uids);
      statuses[`rest uids ${name}`] = (await rest("/queue/retry", { uids })).status;
      statuses[`trpc uids ${name}`] = (await trpcMutation("queue.retryMany", { uids })).status;
    }
    return statuses;
  }

  it("200 and 400 for the same inputs before and after REST calls, and by both roads", async () => {
    const first = await meanings();
    const second = await meanings();
    expect(second).toEqual(first);
    const accepted = Object.keys(first).filter((name) => first[name] === 200);
    expect(accepted).toEqual([
      ...["true", "false", '"true"', '"false"'].flatMap((value) => [
        `rest rememberMe ${value}`,
        `trpc rememberMe ${value}`,
      ]),
      "trpc limit 5",
      'trpc limit "5"',
    ]);
    expect(new Set(Object.values(first))).toEqual(new Set([200, 400]));
  });
});

describe("defect: the adapter does not decode path parameters", () => {
  it("200 for the same item: a%40b.c on REST, a@b.c over tRPC, in either order", async () => {
    for (const roads of [
      ["rest", "trpc"],
      ["trpc", "rest"],
    ]) {
      const { uid } = gateway.simulator.queue.add({ uid: "a@b.c", state: "DEAD", retryCount: 0 });
      for (const road of roads) {
        const answer =
          road === "rest"
            ? await rest("/queue/a%40b.c/retry", {})
            : await trpcMutation("queue.retry", { uid: "a@b.c" });
        expect(answer.status).toBe(200);
      }
      expect(gateway.simulator.queue.get(uid)).toMatchObject({ retryCount: 2 });
    }
  });

  it("404 over tRPC for a%40b.c, which is a uid of its own there and in bodies", async () => {
    gateway.simulator.queue.add({ uid: "a@b.c" });
    expect((await trpcMutation("queue.retry", { uid: "a%40b.c" })).status).toBe(404);
    expect((await rest("/queue/retry", { uids: ["a%40b.c"] })).body).toMatchObject({ missing: 1 });
  });
});

describe("defect: the adapter answers errors in tRPC's shape", () => {
  it.each([
    ["400", "/queue?limit=0", {}],
    ["401", "/auth/me", { token: "" }],
    ["404", "/queue/none/retry", { method: "POST" }],
    ["405", "/auth/login", {}],
    ["415", "/auth/login", { method: "POST", body: "x", headers: { "content-type": "text/plain" } }],
  ])("%s in our shape, with the request id of the header", async (status, path, options) => {
    const answer = await gateway.request(`/api/v1${path}`, { token, ...options });
    expect(answer.status).toBe(Number(status));
    const body = answer.body as Record<string, unknown>;
    const expected = ["code", "error", "message", "requestId", ...(status === "400" ? ["issues"] : [])];
    expect(Object.keys(body).sort()).toEqual(expected.sort());
    expect(body.requestId).toBe(answer.headers.get("x-request-id"));
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("content-length")).toBe(String(Buffer.byteLength(answer.text)));
    expect(answer.text).not.toMatch(/TRPC|stack|ZodError|jsonrpc|-326|-320/);
  });

  it("401 in the shape of tRPC over tRPC, with the code of REST and no stack", async () => {
    const answer = await gateway.request("/trpc/auth.me", { headers: { "x-request-id": "mine" } });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      error: {
        json: {
          code: -32001,
          message: "Sign in to use this.",
          data: {
            code: "UNAUTHORIZED",
            httpStatus: 401,
            path: "auth.me",
            appCode: "unauthenticated",
            requestId: "mine",
          },
        },
      },
    });
  });
});

describe("a defect of the gateway itself", () => {
  const secret = "connection string postgres://user:hunter2@db";

  it("500 with a fixed text and the request id, and the cause in the log, by both roads", async () => {
    for (const path of ["/api/v1/queue", "/trpc/queue.list?input=%7B%22json%22%3A%7B%7D%7D"]) {
      vi.spyOn(gateway.deps.robin.queue, "list").mockRejectedValue(new TypeError(secret));
      const answer = await gateway.request(path, { token });
      expect(answer.status).toBe(500);
      expect(answer.text).toContain("Something went wrong in the gateway.");
      expect(answer.text).toContain(answer.headers.get("x-request-id"));
      expect(answer.text).not.toMatch(/postgres|hunter2|TypeError|stack|\.ts/);
      const lines = logLines(answer.headers.get("x-request-id"));
      expect(lines).toMatchObject([
        { level: 50, msg: "procedure failed", procedure: "queue.list", err: { type: "TypeError", message: secret } },
        { msg: "request", status: 500 },
      ]);
    }
  });

  it("500 with a fixed text when something that is no error is thrown", async () => {
    vi.spyOn(gateway.deps.robin.queue, "list").mockRejectedValue(secret);
    const answer = await rest("/queue");
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("hunter2");
  });

  it("500 when an answer does not fit the schema that was promised, with the issues in the log alone", async () => {
    vi.spyOn(gateway.deps.robin.queue, "list").mockResolvedValue({ items: [], total: -1, page: 1, pages: 0 });
    const answer = await rest("/queue");
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ code: "internal" });
    expect(answer.text).not.toContain("total");
    expect(JSON.stringify(logLines(answer.headers.get("x-request-id")))).toContain("total");
  });

  it("500 with the cause in the log when it happens before the procedure", async () => {
    const { clock } = gateway.deps;
    Object.defineProperty(gateway.deps, "clock", {
      configurable: true,
      get: () => {
        throw new TypeError(secret);
      },
    });
    const answer = await gateway.request("/api/v1/auth/verify");
    Object.defineProperty(gateway.deps, "clock", { configurable: true, value: clock });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ code: "internal", requestId: answer.headers.get("x-request-id") });
    expect(answer.text).not.toContain("hunter2");
    expect(logLines(answer.headers.get("x-request-id"))).toMatchObject([
      { level: 50, err: { message: secret } },
      { msg: "request", status: 500 },
    ]);
  });
});

describe("x-request-id", () => {
  it.each(["abc", "0af7651916cd43dd8448eb211c80319c", "a:b.c-d_E", "x".repeat(128)])(
    "taken over when it is sane: %s, in header, body, log and audit row",
    async (requestId) => {
      const headers = { "x-request-id": requestId };
      const answer = await gateway.request("/api/v1/queue/none/retry", { method: "POST", token, headers });
      expect(answer.headers.get("x-request-id")).toBe(requestId);
      expect(answer.body).toMatchObject({ requestId });
      expect(logLines(requestId)).toMatchObject([{ msg: "request", method: "POST", path: "/api/v1/queue/none/retry" }]);
      expect(await gateway.db.auditEvent.count({ where: { requestId } })).toBe(1);
    },
  );

  it.each([
    ["blanks", "a b"],
    ["129 characters", "x".repeat(129)],
    ["nothing", ""],
    ["markup", "<script>alert(1)</script>"],
    ["a line break of JSON", '","level":60,"x":"'],
    ["letters beyond ASCII", "\u00fc"],
    ["another header in it", "a%0d%0aset-cookie: x=y"],
    ["two of them", "one\r\nx-request-id: two"],
  ])("replaced by a UUID when it holds %s", async (_name, requestId) => {
    const head = rawHead("GET /api/v1/nothing", { "x-request-id": requestId });
    const answer = await sendRaw(gateway.url, Buffer.from(head, "latin1"));
    expect(answer.status).toBe(404);
    expect(answer.headers["x-request-id"]).toMatch(uuid);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(JSON.parse(answer.body)).toMatchObject({ requestId: answer.headers["x-request-id"] });
    expect(logLines(answer.headers["x-request-id"] ?? "")).toHaveLength(1);
  });

  it("there and different for each request that sends none, successes and tRPC included", async () => {
    const answers = [
      await rest("/queue"),
      await rest("/queue"),
      await trpcQuery("queue.list", {}),
      await gateway.request("/health"),
    ];
    const ids = answers.map(({ headers }) => headers.get("x-request-id") ?? "");
    for (const id of ids) expect(id).toMatch(uuid);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
