import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { trpcClient } from "./trpc-client.ts";

const tony = { name: "tony@example.com", pass: "stark" };

let gateway: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  admin = await gateway.signIn("ROLE_ADMIN");
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.simulator.faults.clear();
  gateway.simulator.users.setMode({ mode: "config", list: [tony] });
});

const get = (path: string) => gateway.request(`/api/v1/mail-users${path}`, { token: admin.token });
const authenticate = (body: unknown) =>
  gateway.request("/api/v1/mail-users/authenticate", { token: admin.token, body });

describe("GET /api/v1/mail-users", () => {
  it.each(["config", "sql"] as const)("200 with the names and the source, from Robin's %s backend", async (mode) => {
    gateway.simulator.users.setMode(mode === "config" ? { mode, list: [tony] } : { mode, users: [tony] });
    const answer = await get("");
    expect([answer.status, answer.body]).toEqual([200, { source: mode, users: [tony.name], total: 1 }]);
  });

  it("409 when Robin keeps no users, and its breaker stays closed", async () => {
    gateway.simulator.users.setMode({ mode: "none" });
    for (let call = 0; call < 6; call += 1) expectError(await get(""), 409, "conflict");
    expect(gateway.deps.robin.breakers().client).toBe("closed");
  });

  it("502 when Robin's database fails", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/users", fault: { kind: "status", status: 500 } });
    expectError(await get(""), 502, "upstream_rejected");
  });
});

describe("GET /api/v1/mail-users/{username}/exists", () => {
  it.each(["tony@example.com", "a+b@example.com", "100%@example.com", "ü mlaut", "a&b=c"])(
    "200 for %s by both roads, although Robin decodes its path twice",
    async (name) => {
      gateway.simulator.users.setMode({ mode: "config", list: [{ name, pass: "x" }] });
      const expected = { source: "config", username: name, exists: true };
      expect((await get(`/${encodeURIComponent(name)}/exists`)).body).toEqual(expected);
      expect(await trpcClient(gateway, admin.token).mailUsers.exists.query({ username: name })).toEqual(expected);
    },
  );

  it("200 with exists false for another case of the name", async () => {
    expect((await get("/Tony@example.com/exists")).body).toMatchObject({ exists: false });
  });

  it.each(["a%2Fb", "a%5Cb", "%00", "%0d%0aX", "%20", "x".repeat(256), "%zz"])(
    "400 for %s, and Robin is not asked",
    async (name) => {
      const before = gateway.simulator.requests.length;
      expect((await get(`/${name}/exists`)).status).toBe(400);
      expect(gateway.simulator.requests.length).toBe(before);
    },
  );
});

describe("POST /api/v1/mail-users/authenticate", () => {
  it("200 for the right password, for a wrong one and for nobody, told apart by the answer alone", async () => {
    const asked = [
      { username: tony.name, password: tony.pass },
      { username: tony.name, password: "wrong" },
      { username: "nobody@example.com", password: "x" },
    ];
    const answers = [];
    for (const body of asked) answers.push(await authenticate(body));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ body }) => (body as { authenticated: boolean }).authenticated)).toEqual([true, false, false]);
  });

  it("leaves no password in the log or in the audit row", async () => {
    await gateway.db.auditEvent.deleteMany();
    await authenticate({ username: tony.name, password: "a very secret word" });
    const rows = await gateway.db.auditEvent.findMany();
    expect(rows).toEqual([expect.objectContaining({ action: "mailUsers.authenticate", targets: [tony.name] })]);
    expect(JSON.stringify([rows, gateway.logs])).not.toContain("secret word");
  });

  it.each([{ username: " ", password: "x" }, { username: "a", password: " " }, { username: "a" }])(
    "400 for %o",
    async (body) => {
      expectError(await authenticate(body), 400, "invalid_input");
    },
  );

  it("403 without MANAGE_USERS", async () => {
    const operator = await gateway.signIn("ROLE_OPERATOR");
    const answer = await gateway.request("/api/v1/mail-users/authenticate", {
      token: operator.token,
      body: { username: "a", password: "b" },
    });
    expectError(answer, 403, "forbidden");
  });
});
