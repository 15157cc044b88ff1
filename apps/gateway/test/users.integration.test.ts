import { createUser } from "@robin/db/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aSecondMs, auditOf, createAccount, expectError, grantedBy, login, me } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, testPassword, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signIn("ROLE_ADMIN");
});
afterAll(() => gateway.close());

interface UserBody {
  id: number;
  username: string;
  roles: string[];
  enabled: boolean;
}
interface PageBody {
  items: UserBody[];
  total: number;
  pages: number;
}

const call = (method: string, path: string, body?: unknown, { token } = admin): Promise<Answer> =>
  gateway.request(`/api/v1/users${path}`, { method, token, ...(body !== undefined && { body }) });
const list = async (query: string) => (await call("GET", query)).body as PageBody;
const namesIn = ({ items }: PageBody) => items.map(({ username }) => username);

describe("GET /api/v1/users", () => {
  beforeAll(async () => {
    const { db, clock } = gateway;
    await createUser(db, {
      username: "zoe@list.test",
      firstName: "Zoë",
      lastName: "100%_Sure",
      roles: ["ROLE_OPERATOR"],
    });
    await createUser(db, { username: "yan@list.test", lastName: "1000 Sure", roles: ["ROLE_USER", "ROLE_READONLY"] });
    await createUser(db, { username: "xia@list.test", disabledAt: clock.now(), roles: ["ROLE_OPERATOR"] });
  });

  it("200 with pages in the order asked for, without nulls and without a hash", async () => {
    const first = await call("GET", "?search=list.test&sort=username&order=desc&limit=2");
    expect(first.body).toMatchObject({ total: 3, page: 1, limit: 2, pages: 2 });
    expect(namesIn(first.body as PageBody)).toEqual(["zoe@list.test", "yan@list.test"]);
    expect(first.text).not.toMatch(/null|hash|\$2[aby]\$/i);
    expect(namesIn(await list("?search=list.test&order=desc&limit=2&page=2"))).toEqual(["xia@list.test"]);
    expect(namesIn(await list("?search=list.test&page=9"))).toEqual([]);
  });

  it("200 with accounts that have no last name behind the others, both ways", async () => {
    const last = async (order: string) => namesIn(await list(`?search=list.test&sort=lastName&order=${order}`))[2];
    expect([await last("asc"), await last("desc")]).toEqual(["xia@list.test", "xia@list.test"]);
  });

  it.each([
    ["text in any case", "search=ZO%C3%AB", ["zoe@list.test"]],
    ["text with LIKE's wildcards taken as they are", "search=100%25_", ["zoe@list.test"]],
    ["a backslash, which nobody has", "search=%5C", []],
    ["a quote", "search=%27%20OR%201%3D1--", []],
    ["a role", "search=list.test&role=ROLE_READONLY", ["yan@list.test"]],
    [
      "any of several roles",
      "search=list.test&role=ROLE_READONLY,ROLE_OPERATOR&enabled=true",
      ["yan@list.test", "zoe@list.test"],
    ],
    ["those disabled", "search=list.test&enabled=false", ["xia@list.test"]],
  ])("200 filtered by %s", async (_what, query, names) => {
    expect(namesIn(await list(`?${query}`))).toEqual(names);
  });

  it.each([
    "sort=passwordHash",
    "order=up",
    "role=ROOT",
    "enabled=yes",
    "limit=201",
    "page=0",
    "search=%00",
    "passwordHash=x",
  ])("400 for %s", async (query) => {
    expectError(await call("GET", `?${query}`), 400, "invalid_input");
  });
});

describe("POST /api/v1/users", () => {
  it("200 with an account that signs in, its name in lower case", async () => {
    const answer = await call("POST", "", {
      username: "  New.Person@Example.TEST ",
      password: testPassword,
      firstName: "New",
      lastName: "",
      roles: ["ROLE_USER", "ROLE_OPERATOR", "ROLE_USER"],
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({
      username: "new.person@example.test",
      email: "new.person@example.test",
      firstName: "New",
      roles: ["ROLE_OPERATOR", "ROLE_USER"],
      enabled: true,
    });
    expect(answer.text).not.toMatch(/null|hash|lastName/i);
    grantedBy(await login(gateway, "new.person@example.test"));
    expect(await auditOf(gateway, answer)).toMatchObject([
      { action: "users.create", targets: ["new.person@example.test"] },
    ]);
  });

  it("409 for a name that is taken, in any case, also by two at once", async () => {
    const create = (username: string) => call("POST", "", { username, password: testPassword, roles: ["ROLE_USER"] });
    const answers = await Promise.all([create("twice@example.test"), create("TWICE@example.test")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expectError(await create("Twice@Example.test"), 409, "conflict");
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a name that is no address", { username: "anna" }, "username"],
    ["a short password", { password: "short" }, "password"],
    ["a password that bcrypt would cut", { password: "x".repeat(73) }, "password"],
    ["no role", { roles: [] }, "roles"],
    ["an unknown role", { roles: ["ROLE_ROOT"] }, "roles.0"],
    ["a hash in place of a password", { passwordHash: "$2b$04$x" }, ""],
  ])("400 for %s, with the field and without what was sent", async (_what, fields, path) => {
    const body = { username: "bad@example.test", password: "long enough as it is", roles: ["ROLE_USER"], ...fields };
    const answer = await call("POST", "", body);
    expect(expectError(answer, 400, "invalid_input").issues?.map((issue) => issue.path)).toEqual([path]);
    expect(answer.text).not.toContain("long enough as it is");
    expect(await gateway.db.user.count({ where: { username: "bad@example.test" } })).toBe(0);
  });
});

describe("GET and PATCH /api/v1/users/{id}", () => {
  it("200 changes what is sent and nothing else; an empty name takes it away", async () => {
    const user = await createAccount(gateway, { firstName: "A", lastName: "B", roles: ["ROLE_USER"] });
    const answer = await call("PATCH", `/${user.id}`, { firstName: "", email: "Other@Example.test" });
    expect(answer.body).toMatchObject({
      email: "other@example.test",
      lastName: "B",
      roles: ["ROLE_USER"],
      enabled: true,
    });
    expect(Object.keys(answer.body as object)).not.toContain("firstName");
    expect((await call("GET", `/${user.id}`)).body).toEqual(answer.body);
    grantedBy(await login(gateway, user.username));
  });

  it("200 with new roles, which a running token has within a second", async () => {
    const operator = await gateway.signIn("ROLE_OPERATOR");
    await call("PATCH", `/${operator.userId}`, { roles: ["ROLE_USER"] });
    gateway.clock.advance(aSecondMs);
    expect((await me(gateway, operator.token)).body).toMatchObject({ roles: ["ROLE_USER"] });
    expectError(
      await gateway.request("/api/v1/queue/retry", { token: operator.token, body: { uids: ["x"] } }),
      403,
      "forbidden",
    );
  });

  it("404 for nobody, 400 for what is no number", async () => {
    expectError(await call("GET", "/2147483647"), 404, "not_found");
    expectError(await call("PATCH", "/2147483647", {}), 404, "not_found");
    for (const id of ["0", "-1", "1.5", "2147483648", "one", "1%00"]) {
      expectError(await call("GET", `/${id}`), 400, "invalid_input");
    }
  });

  it.each([{ username: "other@example.test" }, { password: "another password" }, { disabledAt: null }, { roles: [] }])(
    "400 for %j",
    async (body) => {
      expectError(await call("PATCH", `/${admin.userId}`, body), 400, "invalid_input");
    },
  );
});

describe("POST /api/v1/users/{id}/disable and /enable", () => {
  it("200 keeps out the running token, the refresh cookie and the password, until it is enabled", async () => {
    const user = await gateway.signIn("ROLE_USER");
    expect((await call("POST", `/${user.userId}/disable`)).body).toMatchObject({ enabled: false });
    gateway.clock.advance(aSecondMs);
    expectError(await me(gateway, user.token), 401, "unauthenticated");
    expectError(
      await gateway.request("/api/v1/auth/refresh", { body: {}, headers: { cookie: user.cookie } }),
      401,
      "unauthenticated",
    );
    expectError(await login(gateway, user.username), 403, "forbidden");
    expect((await call("POST", `/${user.userId}/enable`)).body).toMatchObject({ enabled: true });
    expectError(await me(gateway, user.token), 401, "unauthenticated");
    grantedBy(await login(gateway, user.username));
  });
});

describe("PUT /api/v1/users/{id}/password", () => {
  it("200 ends the sessions; only the new password works, and neither is logged", async () => {
    const user = await gateway.signIn("ROLE_USER");
    const answer = await call("PUT", `/${user.userId}/password`, { password: "a brand new password" });
    expect(answer.body).toStrictEqual({ success: true });
    gateway.clock.advance(aSecondMs);
    expectError(await me(gateway, user.token), 401, "unauthenticated");
    expectError(await login(gateway, user.username), 401, "unauthenticated");
    grantedBy(await login(gateway, user.username, "a brand new password"));
    expect(JSON.stringify([gateway.logs, await auditOf(gateway, answer)])).not.toContain("brand new");
  });

  it("404 for nobody, 400 for a short one", async () => {
    expectError(await call("PUT", "/2147483647/password", { password: testPassword }), 404, "not_found");
    expectError(await call("PUT", `/${admin.userId}/password`, { password: "short" }), 400, "invalid_input");
  });
});

describe("DELETE /api/v1/users/{id}", () => {
  it("200 once, then 404; the token is out and the audit rows stay", async () => {
    const user = await gateway.signIn("ROLE_USER");
    expect((await call("DELETE", `/${user.userId}`)).body).toStrictEqual({ success: true });
    gateway.clock.advance(aSecondMs);
    expectError(await me(gateway, user.token), 401, "unauthenticated");
    expectError(await call("DELETE", `/${user.userId}`), 404, "not_found");
    const rows = await gateway.db.auditEvent.findMany({ where: { actorUsername: user.username } });
    expect(rows).toMatchObject([{ action: "auth.login", actorId: null }]);
  });
});
