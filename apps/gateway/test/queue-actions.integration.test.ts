import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

const actions = ["retry", "bounce", "delete"] as const;
type Action = (typeof actions)[number];

let gateway: TestGateway;
let operator: SignedIn;
let reader: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
  reader = await gateway.signIn("ROLE_READONLY");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.simulator.faults.clear();
  for (const { uid } of [...gateway.simulator.queue.items()]) gateway.simulator.queue.remove(uid);
  await gateway.db.auditEvent.deleteMany();
});

/** The UI's own call: DELETE without a body, POST with an empty object. */
function one(action: Action, segment: string, { token }: { token: string } = operator) {
  return action === "delete"
    ? gateway.request(`/api/v1/queue/${segment}`, { method: "DELETE", token })
    : gateway.request(`/api/v1/queue/${segment}/${action}`, { body: {}, token });
}
function many(action: Action, body: unknown, { token }: { token: string } = operator) {
  return gateway.request(`/api/v1/queue/${action}`, { body, token });
}
const mutationsAtRobin = () => gateway.simulator.requests.filter(({ method }) => method === "POST");
const auditRows = () => gateway.db.auditEvent.findMany({ orderBy: { occurredAt: "asc" } });

/** What each action leaves of a DEAD item with two retries. */
const effects = {
  retry: { state: "READY", retryCount: 3, lastError: undefined },
  bounce: { state: "DEAD", retryCount: 2, lastError: "Bounced by admin endpoint" },
  delete: undefined,
} satisfies Record<Action, object | undefined>;

function expectEffect(action: Action, uid: string) {
  const item = gateway.simulator.queue.get(uid);
  const effect = effects[action];
  if (effect) expect(item).toMatchObject(effect);
  else expect(item).toBeUndefined();
}
const addDead = (fields: { uid?: string } = {}) =>
  gateway.simulator.queue.add({ state: "DEAD", retryCount: 2, lastError: "550", ...fields }).uid;

describe.each(actions)("one item: %s", (action) => {
  it("200 with the effect at Robin and one audit row, over REST", async () => {
    const uid = addDead();
    const other = addDead();
    const answer = await one(action, uid);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ uid, success: true, message: expect.any(String) as string });
    expectEffect(action, uid);
    expect(gateway.simulator.queue.get(other)).toMatchObject({ state: "DEAD", retryCount: 2, lastError: "550" });
    const rows = await auditRows();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      action: `queue.${action}`,
      targets: [uid],
      outcome: "SUCCEEDED",
      errorCode: null,
      actorId: operator.userId,
      actorUsername: operator.username,
      requestId: answer.headers.get("x-request-id"),
      ipAddress: "127.0.0.1",
    });
    expect(rows[0]?.finishedAt).toBeInstanceOf(Date);
  });

  it("200 with the effect at Robin, over tRPC and over the drop-in path", async () => {
    const [typed, dropIn] = [addDead(), addDead()];
    expect(await trpcClient(gateway, operator.token).queue[action].mutate({ uid: typed })).toMatchObject({
      uid: typed,
    });
    expectEffect(action, typed);
    const path = action === "delete" ? `/queue/${dropIn}` : `/queue/${dropIn}/${action}`;
    const method = action === "delete" ? "DELETE" : "POST";
    expect((await gateway.request(path, { method, token: operator.token })).status).toBe(200);
    expectEffect(action, dropIn);
  });

  it("404 for an unknown uid, with a FAILED audit row", async () => {
    const answer = await one(action, "no-such-uid");
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ error: "Not Found", code: "not_found" });
    const failure = await failureOf(trpcClient(gateway, operator.token).queue[action].mutate({ uid: "no-such-uid" }));
    expect(failure).toMatchObject({ httpStatus: 404, appCode: "not_found" });
    const rows = await auditRows();
    expect(rows.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
      ["FAILED", "not_found"],
      ["FAILED", "not_found"],
    ]);
  });

  it("403 for a role that may only look, and Robin untouched", async () => {
    const uid = addDead();
    const before = gateway.simulator.requests.length;
    const answer = await one(action, uid, reader);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: "Forbidden", code: "forbidden" });
    expect((await many(action, { uids: [uid] }, reader)).status).toBe(403);
    expect(gateway.simulator.requests.length).toBe(before);
    expect(await auditRows()).toEqual([]);
  });

  it("502 with a FAILED audit row when Robin cannot do it", async () => {
    gateway.simulator.faults.set({
      port: "client",
      route: `/client/queue/${action}`,
      fault: { kind: "status", status: 500, body: "Internal Server Error: at com.mimecast.robin" },
      times: 1,
    });
    const uid = addDead();
    const answer = await one(action, uid);
    expect(answer.status).toBe(502);
    expect(answer.text).not.toContain("mimecast");
    expect(await auditRows()).toMatchObject([{ targets: [uid], outcome: "FAILED", errorCode: "upstream_rejected" }]);
  });

  it.each([
    ["an encoded at sign", "a%40b.c", "a@b.c"],
    ["a bare at sign", "a@b.c", "a@b.c"],
    ["a plus", "a+b", "a+b"],
    ["an encoded plus", "a%2Bb", "a+b"],
    ["a percent sign", "100%25", "100%"],
    ["an escape that was escaped", "a%2540b", "a%40b"],
    ["an encoded slash", "a%2Fb", "a/b"],
    ["an encoded question mark and hash", "a%3Fb%23c", "a?b#c"],
    ["what would be another path", "x%2F..%2Fy", "x/../y"],
    ["a quote, a brace and an ampersand", "%22%7B%7D%26%27", "\"{}&'"],
    ["200 characters", "u".repeat(200), "u".repeat(200)],
  ])("200 for a uid with %s, decoded once", async (_name, segment, uid) => {
    addDead({ uid });
    const answer = await one(action, segment);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ uid });
    expectEffect(action, uid);
    expect(await auditRows()).toMatchObject([{ targets: [uid] }]);
  });

  it.each([
    ["%00", "a NUL"],
    ["a%0d%0aX-Evil:%201", "a line break"],
    ["a%20b", "a blank"],
    ["%C3%BC", "a letter beyond ASCII"],
    ["%zz", "a broken escape"],
    ["%", "a lone percent sign"],
    ["%E0%A4%A", "a cut escape"],
    ["%FF", "bytes that are not UTF-8"],
    ["u".repeat(201), "201 characters"],
    ["u".repeat(4000), "4000 characters"],
  ])("400 with the path uid for %s (%s), and Robin untouched", async (segment) => {
    const before = gateway.simulator.requests.length;
    const answer = await one(action, segment);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "invalid_input", issues: [{ path: "uid" }] });
    expect(answer.headers.get("x-evil")).toBeNull();
    expect(gateway.simulator.requests.length).toBe(before);
    expect(await auditRows()).toEqual([]);
  });
});

describe.each(actions)("many items: %s", (action) => {
  it("200 with the effect on each, once for a uid listed twice, and the missing counted", async () => {
    const [first, second] = [addDead(), addDead()];
    const before = mutationsAtRobin().length;
    const answer = await many(action, { uids: [first, second, first, "gone", second] });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ requested: 3, done: 2, missing: 1 });
    expectEffect(action, first);
    expectEffect(action, second);
    const sent = mutationsAtRobin().slice(before);
    expect(sent).toHaveLength(1);
    expect(JSON.parse(sent[0]?.body.toString() ?? "")).toEqual({ uids: [first, second, "gone"] });
    expect(await auditRows()).toMatchObject([
      { action: `queue.${action}`, targets: [first, second, "gone"], outcome: "SUCCEEDED" },
    ]);
  });

  it("200 over tRPC and over the drop-in path", async () => {
    const [typed, dropIn] = [addDead(), addDead()];
    const client = trpcClient(gateway, operator.token).queue;
    const call = { retry: client.retryMany, bounce: client.bounceMany, delete: client.deleteMany }[action];
    expect(await call.mutate({ uids: [typed] })).toEqual({ requested: 1, done: 1, missing: 0 });
    const answer = await gateway.request(`/queue/${action}`, { body: { uids: [dropIn] }, token: operator.token });
    expect(answer.body).toEqual({ requested: 1, done: 1, missing: 0 });
    expectEffect(action, typed);
    expectEffect(action, dropIn);
  });

  it("200 for 1000 uids of which none is there", async () => {
    const uids = Array.from({ length: 1000 }, (_, index) => `none-${index}`);
    expect((await many(action, { uids })).body).toEqual({ requested: 1000, done: 0, missing: 1000 });
  });

  it.each([
    ["no uids", { uids: [] }, "uids"],
    ["1001 uids", { uids: Array.from({ length: 1001 }, (_, index) => `u${index}`) }, "uids"],
    ["a text", { uids: "a" }, "uids"],
    ["an object", { uids: { 0: "a", length: 1 } }, "uids"],
    ["null", { uids: null }, "uids"],
    ["nothing", {}, "uids"],
    ["a number among them", { uids: ["a", 7] }, "uids.1"],
    ["null among them", { uids: [null] }, "uids.0"],
    ["a list among them", { uids: [["a"]] }, "uids.0"],
    ["an empty uid", { uids: [""] }, "uids.0"],
    ["a NUL", { uids: ["a\u0000"] }, "uids.0"],
    ["half a surrogate pair", { uids: ["\ud800"] }, "uids.0"],
    ["a uid of 201 characters", { uids: ["u".repeat(201)] }, "uids.0"],
    ["another field", { uids: ["a"], uid: "b" }, ""],
  ])("400 for %s, and Robin untouched", async (_name, body, path) => {
    const before = gateway.simulator.requests.length;
    const answer = await many(action, body);
    expect(answer.status).toBe(400);
    const { code, issues } = answer.body as { code: string; issues: { path: string }[] };
    expect(code).toBe("invalid_input");
    expect(new Set(issues.map((issue) => issue.path))).toEqual(new Set([path]));
    expect(gateway.simulator.requests.length).toBe(before);
    expect(await auditRows()).toEqual([]);
  });

  it("502 with a FAILED audit row when Robin cannot do it", async () => {
    gateway.simulator.faults.set({
      port: "client",
      route: `/client/queue/${action}`,
      fault: { kind: "html" },
      times: 1,
    });
    const answer = await many(action, { uids: ["a", "b"] });
    expect(answer.status).toBe(502);
    expect(await auditRows()).toMatchObject([
      { targets: ["a", "b"], outcome: "FAILED", errorCode: "upstream_invalid" },
    ]);
  });
});

describe("without the database", () => {
  it("503 for every change, and Robin untouched: nothing happens that no audit row tells of", async () => {
    const uid = addDead();
    const before = gateway.simulator.requests.length;
    gateway.databaseProxy.cut();
    const answers = [];
    for (const action of actions) answers.push(await one(action, uid), await many(action, { uids: [uid] }));
    const list = await gateway.request("/api/v1/queue", { token: operator.token });
    gateway.databaseProxy.restore();
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({ code: "unavailable" });
      expect(answer.headers.get("retry-after")).toBe("5");
    }
    expect(gateway.simulator.requests.slice(before).map(({ method }) => method)).not.toContain("POST");
    expect(gateway.simulator.queue.get(uid)).toMatchObject({ state: "DEAD", retryCount: 2 });
    // Whoever is known already may still look.
    expect(list.status).toBe(200);
  });
});

describe("POST /api/v1/queue/{uid}/retry", () => {
  it("200 for the uid of the path when the body names another one", async () => {
    const [uid, other] = [addDead(), addDead()];
    const answer = await gateway.request(`/api/v1/queue/${uid}/retry`, { body: { uid: other }, token: operator.token });
    expect(answer.body).toMatchObject({ uid });
    expect(gateway.simulator.queue.get(other)).toMatchObject({ state: "DEAD" });
  });

  it("400 for any other field in the body", async () => {
    const uid = addDead();
    const answer = await gateway.request(`/api/v1/queue/${uid}/retry`, {
      body: { force: true },
      token: operator.token,
    });
    expect(answer.status).toBe(400);
    expect(gateway.simulator.queue.get(uid)).toMatchObject({ state: "DEAD" });
  });

  it("404 for a uid that has been delivered meanwhile, and 200 for a CLAIMED one", async () => {
    const claimed = gateway.simulator.queue.add({ state: "CLAIMED" }).uid;
    expect((await one("retry", claimed)).status).toBe(200);
    gateway.simulator.queue.deliver(claimed);
    expect((await one("retry", claimed)).status).toBe(404);
  });
});
