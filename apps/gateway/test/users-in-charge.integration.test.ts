import { beforeEach, afterAll, beforeAll, describe, expect, it } from "vitest";
import { aSecondMs, auditOf, expectError, me } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let other: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
  other = await startTestGateway({ beside: gateway });
});
afterAll(async () => {
  await other.close();
  await gateway.close();
});
beforeEach(async () => {
  await gateway.db.user.deleteMany();
});

const call = (
  who: SignedIn,
  method: string,
  path: string,
  { body, by = gateway }: { body?: unknown; by?: TestGateway } = {},
): Promise<Answer> =>
  by.request(`/api/v1/users${path}`, { method, token: who.token, ...(body !== undefined && { body }) });

const enabledAdmins = () =>
  gateway.db.user.count({ where: { disabledAt: null, roles: { some: { role: "ROLE_ADMIN" } } } });

describe("the own account", () => {
  it("409 for disabling or deleting it, also when there are other administrators", async () => {
    const [admin] = [await gateway.signIn(), await gateway.signIn()];
    const attempts = [
      await call(admin, "POST", `/${admin.userId}/disable`),
      await call(admin, "PATCH", `/${admin.userId}`, { body: { enabled: false } }),
      await call(admin, "DELETE", `/${admin.userId}`),
    ];
    for (const answer of attempts) {
      expect(expectError(answer, 409, "conflict").message).toMatch(/own account/);
      expect(await auditOf(gateway, answer)).toMatchObject([{ outcome: "FAILED", errorCode: "conflict" }]);
    }
    gateway.clock.advance(aSecondMs);
    expect((await me(gateway, admin.token)).status).toBe(200);
  });
});

describe("the last enabled administrator", () => {
  it("409 for taking the role away, also with disabled administrators and other accounts there", async () => {
    const [admin, disabled] = [await gateway.signIn(), await gateway.signIn(), await gateway.signIn("ROLE_OPERATOR")];
    expect((await call(admin, "POST", `/${disabled.userId}/disable`)).status).toBe(200);
    const answer = await call(admin, "PATCH", `/${admin.userId}`, {
      body: { roles: ["ROLE_OPERATOR"], firstName: "No" },
    });
    expect(expectError(answer, 409, "conflict").message).toMatch(/last enabled administrator/);
    const row = await gateway.db.user.findUniqueOrThrow({ where: { id: admin.userId }, include: { roles: true } });
    expect(row).toMatchObject({ firstName: null, roles: [{ role: "ROLE_ADMIN" }] });
    expect((await call(admin, "PATCH", `/${admin.userId}`, { body: { firstName: "Yes" } })).status).toBe(200);
  });

  it("200 for giving up the role when another administrator stays", async () => {
    const [admin] = [await gateway.signIn(), await gateway.signIn()];
    expect((await call(admin, "PATCH", `/${admin.userId}`, { body: { roles: ["ROLE_USER"] } })).status).toBe(200);
    expect(await enabledAdmins()).toBe(1);
  });

  const rivals: [string, (who: SignedIn, whom: SignedIn, by: TestGateway) => Promise<Answer>][] = [
    ["delete", (who, whom, by) => call(who, "DELETE", `/${whom.userId}`, { by })],
    ["disable", (who, whom, by) => call(who, "POST", `/${whom.userId}/disable`, { by })],
    ["demote", (who, whom, by) => call(who, "PATCH", `/${whom.userId}`, { by, body: { roles: ["ROLE_USER"] } })],
  ];
  it.each(rivals)("200 for one of two who %s each other at the same time, in two processes", async (_what, act) => {
    for (let round = 1; round <= 4; round += 1) {
      await gateway.db.user.deleteMany();
      const [first, second] = [await gateway.signIn(), await gateway.signIn()];
      await Promise.all([me(gateway, first.token), me(other, second.token)]);
      const answers = await Promise.all([act(first, second, gateway), act(second, first, other)]);
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      // Whoever came second has lost the right, or the account, before the own change was looked at.
      expect([401, 403]).toContain(statuses.find((status) => status !== 200));
      expect(await enabledAdmins()).toBe(1);
    }
  });

  it("200 for one of three who demote themselves at once keeps one in charge", async () => {
    const admins = [await gateway.signIn(), await gateway.signIn(), await gateway.signIn()];
    const answers = await Promise.all(
      admins.map((admin) => call(admin, "PATCH", `/${admin.userId}`, { body: { roles: ["ROLE_USER"] } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409]);
    expect(await enabledAdmins()).toBe(1);
  });
});
