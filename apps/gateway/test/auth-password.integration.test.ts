import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aSecondMs, auditOf, expectError, grantedBy, login, me, refresh } from "./auth-support.ts";
import { type SignedIn, startTestGateway, testPassword, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const newPassword = "another long pass phrase";
const change = ({ token }: Pick<SignedIn, "token">, body: object) =>
  gateway.request("/api/v1/auth/password", { method: "PUT", token, body });

describe("PUT /api/v1/auth/password", () => {
  it("200 ends the other sessions, keeps this one, and only the new password works", async () => {
    const here = await gateway.signIn("ROLE_USER");
    const elsewhere = grantedBy(await login(gateway, here.username));
    const answer = await change(here, { currentPassword: testPassword, newPassword });
    expect(answer.body).toStrictEqual({ success: true });
    gateway.clock.advance(aSecondMs);
    expectError(await me(gateway, elsewhere.token), 401, "unauthenticated");
    expectError(await refresh(gateway, elsewhere.cookie), 401, "unauthenticated");
    expect((await me(gateway, here.token)).status).toBe(200);
    grantedBy(await refresh(gateway, here.cookie));
    expectError(await login(gateway, here.username), 401, "unauthenticated");
    grantedBy(await login(gateway, here.username, newPassword));
    expect(JSON.stringify([gateway.logs, await auditOf(gateway, answer)])).not.toMatch(/pass phrase|battery/);
  });

  it("400 for a wrong old password, which leaves everything as it was, with an audit row", async () => {
    const user = await gateway.signIn("ROLE_USER");
    const answer = await change(user, { currentPassword: "a guess at it", newPassword });
    expect(expectError(answer, 400, "invalid_input").issues).toMatchObject([{ path: "currentPassword" }]);
    expect(await auditOf(gateway, answer)).toMatchObject([
      { action: "auth.changePassword", targets: [user.username], outcome: "FAILED", actorId: user.userId },
    ]);
    grantedBy(await login(gateway, user.username));
  });

  it("400 for a new password that nobody may have", async () => {
    const user = await gateway.signIn("ROLE_USER");
    for (const refused of ["short", "x".repeat(73), "password\0more"]) {
      const answer = await change(user, { currentPassword: testPassword, newPassword: refused });
      expect(expectError(answer, 400, "invalid_input").issues?.map(({ path }) => path)).toEqual(["newPassword"]);
    }
  });

  it("200 for one of two changes at the same time", async () => {
    const user = await gateway.signIn("ROLE_USER");
    const wanted = ["the first of two", "the second of two"];
    const answers = await Promise.all(
      wanted.map((password) => change(user, { currentPassword: testPassword, newPassword: password })),
    );
    const done = answers.filter(({ status }) => status === 200);
    expect(done).toHaveLength(1);
    const logins = await Promise.all(wanted.map((password) => login(gateway, user.username, password)));
    expect(logins.map(({ status }) => status)).toEqual(answers.map(({ status }) => (status === 200 ? 200 : 401)));
  });
});
