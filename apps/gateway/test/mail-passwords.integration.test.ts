import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createDb, type Db } from "@robin/db";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAccount, expectError, grantedBy, login } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, testPassword, type TestGateway } from "./harness.ts";

const guide = readFileSync(path.join(import.meta.dirname, "../../../docs/mail-passwords.md"), "utf8");
const readerRole = `mail_reader_${randomUUID().replaceAll("-", "")}`;

let gateway: TestGateway;
let admin: SignedIn;
/** As a mail server connects. */
let reader: Db;
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signIn("ROLE_ADMIN");
  for (const statement of guideSql()) await gateway.db.$executeRawUnsafe(statement);
  const url = new URL(gateway.databaseUrl);
  [url.username, url.password] = [readerRole, "a-secret-of-its-own"];
  reader = createDb(url.href, { maxConnections: 1 });
});
afterAll(async () => {
  await reader.$disconnect();
  await gateway.db.$executeRawUnsafe(`DROP OWNED BY ${readerRole}`);
  await gateway.db.$executeRawUnsafe(`DROP ROLE ${readerRole}`);
  await gateway.close();
});

/** Each statement of the guide, for a role of our own: all tests share the server's roles. */
function guideSql(): string[] {
  const blocks = [...guide.matchAll(/```sql\n([^`]*)```/g)].map(([, sql = ""]) => sql);
  return blocks
    .flatMap((sql) => sql.replaceAll("robin_mail", readerRole).split(";"))
    .filter((sql) => sql.trim() !== "");
}

/** The queries that the guide has for a setting, with PostgreSQL's marks for their parameters. */
function guideQueries(setting: string): string[] {
  const lines = guide.matchAll(new RegExp(`^ *${setting}(?:: "| = )(SELECT [^"\\n]*)`, "gm"));
  return [...lines].map(([, query = ""]) => {
    let count = 0;
    return query.replaceAll(/\?|'%(u|\{user\})'/g, () => `$${(count += 1)}`);
  });
}

async function asMailServer(query: string | undefined, ...parameters: string[]) {
  return reader.$queryRawUnsafe<Record<string, unknown>[]>(query ?? "", ...parameters);
}

/** Whether the mailbox opens: Robin's query, and openssl in place of its verifier. */
async function opens(username: string, password: string): Promise<boolean> {
  const [row] = await asMailServer(guideQueries("passwordQuery")[0], username);
  if (!row) return false;
  const [, hash = "", setting = ""] = /^{SHA512-CRYPT}(\$6\$(rounds=\d+\$[^$]+)\$.+)$/.exec(String(row.password)) ?? [];
  const options = ["passwd", "-6", "-stdin", "-salt", setting];
  return execFileSync("openssl", options, { input: password, encoding: "utf8" }).trim() === hash;
}

const call = (
  method: string,
  path: string,
  body?: unknown,
  { token }: Pick<SignedIn, "token"> = admin,
): Promise<Answer> => gateway.request(`/api/v1${path}`, { method, token, ...(body !== undefined && { body }) });

async function createMailUser(fields: object = {}): Promise<{ id: number; username: string }> {
  const username = `${randomUUID()}@Mail.test`;
  const body = { username, password: testPassword, roles: ["ROLE_USER"], mailLogin: true, ...fields };
  const answer = await call("POST", "/users", body);
  expect({ status: answer.status, body: answer.body }).toMatchObject({
    status: 200,
    body: { mailLogin: body.mailLogin },
  });
  return answer.body as { id: number; username: string };
}

describe("an account made with mailLogin", () => {
  it("200, and the mailbox opens with its password until that is changed, whoever does it", async () => {
    const { id, username } = await createMailUser();
    expect([await opens(username, testPassword), await opens(username, "another")]).toEqual([true, false]);

    const user = grantedBy(await login(gateway, username));
    const own = { currentPassword: testPassword, newPassword: "pässword of their own" };
    expect((await call("PUT", "/auth/password", own, user)).status).toBe(200);
    expect([await opens(username, testPassword), await opens(username, own.newPassword)]).toEqual([false, true]);

    expect((await call("PUT", `/users/${id}/password`, { password: "an administrator's" })).status).toBe(200);
    expect([await opens(username, own.newPassword), await opens(username, "an administrator's")]).toEqual([
      false,
      true,
    ]);
    grantedBy(await login(gateway, username, "an administrator's"));
  });

  it("200 shut while it is disabled, and gone when it is deleted", async () => {
    const { id, username } = await createMailUser();
    await call("POST", `/users/${id}/disable`);
    expect(await opens(username, testPassword)).toBe(false);
    await call("POST", `/users/${id}/enable`);
    expect(await opens(username, testPassword)).toBe(true);
    await call("DELETE", `/users/${id}`);
    expect(await opens(username, testPassword)).toBe(false);
  });

  it("200 shut at once by mailLogin false, which leaves no hash behind and the sign-in as it is", async () => {
    const { id, username } = await createMailUser();
    expect((await call("PATCH", `/users/${id}`, { mailLogin: true, firstName: "A" })).body).toMatchObject({
      mailLogin: true,
    });
    expect((await call("PATCH", `/users/${id}`, { firstName: "B" })).body).toMatchObject({ mailLogin: true });
    expect((await call("PATCH", `/users/${id}`, { mailLogin: false })).body).toMatchObject({ mailLogin: false });
    expect(await opens(username, testPassword)).toBe(false);
    expect(await gateway.db.user.findUnique({ where: { id } })).toMatchObject({ mailPasswordHash: null });
    grantedBy(await login(gateway, username));
  });

  it("is answered and recorded without its hash", async () => {
    const { id } = await createMailUser();
    const answers = await Promise.all([call("GET", `/users/${id}`), call("GET", "/users")]);
    const told = JSON.stringify([
      answers.map(({ text }) => text),
      gateway.logs,
      await gateway.db.auditEvent.findMany(),
    ]);
    expect(told).not.toMatch(/CRYPT|\$6\$|mailPasswordHash|battery/);
  });
});

describe("an account made without mailLogin", () => {
  it("200 without a hash that is weaker than bcrypt's, now and after changes of the password", async () => {
    const { id, username } = await createMailUser({ mailLogin: false });
    const user = grantedBy(await login(gateway, username));
    await call("PUT", "/auth/password", { currentPassword: testPassword, newPassword: "of their own" }, user);
    await call("PUT", `/users/${id}/password`, { password: "an administrator's" });
    expect(await gateway.db.user.findUnique({ where: { id } })).toMatchObject({ mailPasswordHash: null });
  });

  it("400 for mailLogin without a password, 200 with one", async () => {
    const { id, username } = await createAccount(gateway, { roles: ["ROLE_USER"] });
    const refused = expectError(await call("PATCH", `/users/${id}`, { mailLogin: true }), 400, "invalid_input");
    expect(refused.issues).toMatchObject([{ path: "mailLogin" }]);
    const change = { password: "a new one for both", mailLogin: true };
    expect((await call("PUT", `/users/${id}/password`, change)).status).toBe(200);
    expect((await call("GET", `/users/${id}`)).body).toMatchObject({ mailLogin: true });
    expect(await opens(username, change.password)).toBe(true);
  });
});

describe("the guide's role", () => {
  it("reads the view and nothing else", async () => {
    for (const table of ["gateway_users", "gateway_api_keys"]) {
      await expect(asMailServer(`SELECT * FROM ${table}`)).rejects.toThrow(/permission denied/);
    }
    await expect(asMailServer("UPDATE gateway_mail_users SET password = ''")).rejects.toThrow(/permission denied/);
  });
});

describe("the guide's queries", () => {
  it.each([
    ["passwordQuery", 2],
    ["userQuery", 1],
    ["usersQuery", 1],
    ["domainQuery", 1],
    ["query", 2],
    ["iterate_query", 2],
    ["password_query", 1],
    ["user_query", 1],
  ])("for %s are %i", (setting, count) => {
    expect(guideQueries(setting)).toHaveLength(count);
  });

  it("find the account by its name in any case", async () => {
    const { username } = await createMailUser();
    const NAME = username.toUpperCase();
    const place = { home: `/var/mail/vhosts/${username}`, uid: 5000, gid: 5000 };
    const [ofDovecot, placeOfDovecot] = guideQueries("query");
    for (const query of [ofDovecot, ...guideQueries("password_query")]) {
      expect(await asMailServer(query, NAME)).toMatchObject([
        { user: username, password: expect.stringContaining("{SHA512-CRYPT}") as string },
      ]);
    }
    for (const query of [placeOfDovecot, ...guideQueries("user_query"), ...guideQueries("userQuery")]) {
      expect(await asMailServer(query, NAME)).toMatchObject([place]);
    }
    for (const query of [...guideQueries("usersQuery"), ...guideQueries("iterate_query")]) {
      expect((await asMailServer(query)).map((row) => Object.values(row)[0])).toContain(username);
    }
    const [domainQuery] = guideQueries("domainQuery");
    expect(await asMailServer(domainQuery, "MAIL.test")).not.toEqual([]);
    expect(await asMailServer(domainQuery, "ail.test")).toEqual([]);
  });

  it("have PostgreSQL verify where Robin passes the password too", async () => {
    const { username } = await createMailUser();
    const [, twoParameters] = guideQueries("passwordQuery");
    expect(await asMailServer(twoParameters, testPassword, username)).toEqual([{ ok: true }]);
    expect(await asMailServer(twoParameters, "another", username)).toEqual([{ ok: false }]);
    expect(await asMailServer(twoParameters, testPassword, "nobody@mail.test")).toEqual([]);
  });
});
