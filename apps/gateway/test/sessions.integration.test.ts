import { createSession } from "@robin/db/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aSecondMs, auditOf, decodeToken, expectError, grantedBy, login, me, refresh, weekMs } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signIn("ROLE_ADMIN");
});
afterAll(() => gateway.close());

interface SessionBody {
  id: string;
  ipAddress: string;
  userAgent: string;
  current: boolean;
}

type Caller = Pick<SignedIn, "token">;

const call = ({ token }: Caller, method: string, path: string): Promise<Answer> =>
  gateway.request(`/api/v1${path}`, { method, token });
const idOf = ({ token }: Caller) => decodeToken(token).claims.sid as string;
const sessionsIn = ({ body }: Answer) => (body as { items: SessionBody[] }).items;
const signInAgain = async ({ username }: SignedIn) => grantedBy(await login(gateway, username));

describe("GET /api/v1/sessions", () => {
  it("200 with the caller's open sessions, the last used first, and which is this one", async () => {
    const here = await gateway.signIn("ROLE_USER");
    gateway.clock.advance(1);
    const there = await signInAgain(here);
    const { userId } = here;
    await createSession(gateway.db, { userId, revokedAt: gateway.clock.now() });
    await createSession(gateway.db, { userId, expiresAt: gateway.clock.now() });
    const answer = await call(here, "GET", "/sessions");
    expect(answer.body).toMatchObject({ total: 2, page: 1, pages: 1 });
    expect(sessionsIn(answer)).toMatchObject([
      { id: idOf(there), ipAddress: "127.0.0.1", userAgent: "node", current: false },
      { id: idOf(here), current: true },
    ]);
    expect(answer.text).not.toMatch(/null|token|hash|revoked/i);
    const second = await call(there, "GET", "/sessions?limit=1&page=2");
    expect(sessionsIn(second)).toMatchObject([{ id: idOf(here), current: false }]);
  });
});

describe("DELETE /api/v1/sessions/{id}", () => {
  it("200 ends one's other session: its token within a second, its cookie at once", async () => {
    const here = await gateway.signIn("ROLE_USER");
    const there = await signInAgain(here);
    expect((await me(gateway, there.token)).status).toBe(200);
    const answer = await call(here, "DELETE", `/sessions/${idOf(there)}`);
    expect(answer.body).toStrictEqual({ success: true });
    expectError(await refresh(gateway, there.cookie), 401, "unauthenticated");
    gateway.clock.advance(aSecondMs);
    expectError(await me(gateway, there.token), 401, "unauthenticated");
    expect((await me(gateway, here.token)).status).toBe(200);
    expect(await auditOf(gateway, answer)).toMatchObject([{ targets: [idOf(there)], outcome: "SUCCEEDED" }]);
  });

  it("404 for somebody else's, also for an administrator, and it lives on", async () => {
    const owner = await gateway.signIn("ROLE_USER");
    const thief = await gateway.signIn("ROLE_USER");
    for (const caller of [thief, admin]) {
      expectError(await call(caller, "DELETE", `/sessions/${idOf(owner)}`), 404, "not_found");
    }
    gateway.clock.advance(aSecondMs);
    expect((await me(gateway, owner.token)).status).toBe(200);
  });

  it("404 for one that has ended, has expired or never was; 400 for what is no id", async () => {
    const here = await gateway.signIn("ROLE_USER");
    const there = await signInAgain(here);
    const expired = await createSession(gateway.db, { userId: here.userId, expiresAt: gateway.clock.now() });
    await call(here, "DELETE", `/sessions/${idOf(there)}`);
    for (const id of [idOf(there), expired.id, "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71"]) {
      expectError(await call(here, "DELETE", `/sessions/${id}`), 404, "not_found");
    }
    for (const id of ["1", "all", "%00"]) {
      expectError(await call(here, "DELETE", `/sessions/${id}`), 400, "invalid_input");
    }
  });
});

describe("POST /api/v1/sessions/revoke-others", () => {
  it("200 ends all others of the caller and nobody else's", async () => {
    const here = await gateway.signIn("ROLE_USER");
    const others = [await signInAgain(here), await signInAgain(here)];
    const bystander = await gateway.signIn("ROLE_USER");
    expect((await call(here, "POST", "/sessions/revoke-others")).body).toStrictEqual({ revoked: 2 });
    gateway.clock.advance(aSecondMs);
    for (const other of others) expectError(await me(gateway, other.token), 401, "unauthenticated");
    for (const { token } of [here, bystander]) expect((await me(gateway, token)).status).toBe(200);
    expect((await call(here, "POST", "/sessions/revoke-others")).body).toStrictEqual({ revoked: 0 });
  });
});

describe("/api/v1/users/{id}/sessions", () => {
  it("200 lists, ends one and ends all of any user", async () => {
    const user = await gateway.signIn("ROLE_USER");
    const second = await signInAgain(user);
    const path = `/users/${user.userId}/sessions`;
    const listed = sessionsIn(await call(admin, "GET", path));
    expect(listed.map(({ id }) => id).sort()).toEqual([idOf(user), idOf(second)].sort());
    expect(listed.some(({ current }) => current)).toBe(false);

    expect((await call(admin, "DELETE", `${path}/${idOf(second)}`)).body).toStrictEqual({ success: true });
    expectError(await call(admin, "DELETE", `${path}/${idOf(second)}`), 404, "not_found");
    expect(await gateway.db.session.findUnique({ where: { id: idOf(second) } })).toMatchObject({
      revokedReason: "REVOKED_BY_ADMIN",
    });
    expect((await call(admin, "DELETE", path)).body).toStrictEqual({ revoked: 1 });
    gateway.clock.advance(aSecondMs);
    for (const { token } of [user, second]) expectError(await me(gateway, token), 401, "unauthenticated");
  });

  it("404 for a session of another user than the path names, and for nobody", async () => {
    const [user, other] = [await gateway.signIn("ROLE_USER"), await gateway.signIn("ROLE_USER")];
    expectError(await call(admin, "DELETE", `/users/${user.userId}/sessions/${idOf(other)}`), 404, "not_found");
    expectError(await call(admin, "GET", "/users/2147483647/sessions"), 404, "not_found");
    expectError(await call(admin, "DELETE", "/users/2147483647/sessions"), 404, "not_found");
    gateway.clock.advance(aSecondMs);
    expect((await me(gateway, other.token)).status).toBe(200);
  });

  it("200 with none once they have run out", async () => {
    const user = await gateway.signIn("ROLE_USER");
    gateway.clock.advance(weekMs);
    admin = await gateway.signIn("ROLE_ADMIN");
    expect((await call(admin, "GET", `/users/${user.userId}/sessions`)).body).toMatchObject({ items: [], total: 0 });
  });
});
