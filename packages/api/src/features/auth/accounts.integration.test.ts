import { createSession, createTestDatabase, createUser, type TestDatabase } from "@robin/db/testing";
import { createDb, type Db } from "@robin/db";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ensureAdmin, replacePassword, setPassword } from "./accounts.ts";
import { directHashing } from "./hashing.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { sha512Crypt } from "./sha512-crypt.ts";

const now = new Date("2026-03-01T12:00:00Z");
const clock = { now: () => now };

let database: TestDatabase;
let db: Db;
let passwords: Passwords;
beforeAll(async () => {
  database = await createTestDatabase();
  ({ db } = database);
  passwords = createPasswords(4, directHashing);
});
afterAll(() => database.drop());
afterEach(async () => {
  await db.user.deleteMany();
});

const deps = () => ({ db, passwords, clock });
const userNamed = (username: string) =>
  db.user.findUniqueOrThrow({ where: { username }, include: { roles: true, sessions: true } });

/** Passwords that no account may have, each with what the error says. */
const refusedPasswords: [what: string, password: string, problem: string][] = [
  ["7 characters", "seven77", "must have at least 8 characters"],
  ["73 bytes", "x".repeat(73), "must not be longer than 72 bytes"],
  ["37 characters of two bytes", "ä".repeat(37), "must not be longer than 72 bytes"],
  ["a NUL, which bcrypt takes for its end", "password\0more", "must not contain a NUL"],
];

describe("ensureAdmin", () => {
  const admin = { username: "admin@robin.local", password: "a password given" };

  it("creates the administrator in an empty database, and keeps a given password to itself", async () => {
    expect(await ensureAdmin(deps(), admin)).toBeUndefined();
    const user = await userNamed("admin@robin.local");
    expect(user).toMatchObject({
      email: "admin@robin.local",
      roles: [{ role: "ROLE_ADMIN" }],
      createdAt: now,
      disabledAt: null,
      lastLoginAt: null,
    });
    expect(await passwords.verify("a password given", user.passwordHash)).toBe(true);
  });

  it("returns a random password when none is given, another one each time", async () => {
    const shown = new Set<string>();
    for (let time = 1; time <= 2; time += 1) {
      const created = await ensureAdmin(deps(), { ...admin, password: undefined });
      expect(created).toEqual({
        username: "admin@robin.local",
        password: expect.stringMatching(/^[\w-]{20}$/) as string,
      });
      const { passwordHash } = await userNamed("admin@robin.local");
      expect(await passwords.verify(created?.password ?? "", passwordHash)).toBe(true);
      shown.add(created?.password ?? "");
      await db.user.deleteMany();
    }
    expect(shown.size).toBe(2);
  });

  it("stores the name in lower case and without spaces around it", async () => {
    await ensureAdmin(deps(), { ...admin, username: " Admin@Robin.LOCAL " });
    expect(await userNamed("admin@robin.local")).toMatchObject({ email: "admin@robin.local" });
  });

  it("does nothing when there is any account, even a disabled one of another name", async () => {
    await createUser(db, { username: "anna@example.test", disabledAt: now });
    expect(await ensureAdmin(deps(), { ...admin, password: undefined })).toBeUndefined();
    expect(await db.user.count()).toBe(1);
  });

  it("does not touch the administrator's password on a later start", async () => {
    await ensureAdmin(deps(), admin);
    const { passwordHash } = await userNamed("admin@robin.local");
    await ensureAdmin(deps(), { ...admin, password: "another password" });
    expect((await userNamed("admin@robin.local")).passwordHash).toBe(passwordHash);
  });

  it("creates one account, and shows one password, when ten processes start at once", async () => {
    const others = Array.from({ length: 10 }, () => createDb(database.url, { maxConnections: 2 }));
    try {
      const shown = await Promise.all(
        others.map((other) => ensureAdmin({ ...deps(), db: other }, { ...admin, password: undefined })),
      );
      expect(await db.user.count()).toBe(1);
      const [first, ...more] = shown.filter((created) => created !== undefined);
      expect(more).toEqual([]);
      const { passwordHash } = await userNamed("admin@robin.local");
      expect(await passwords.verify(first?.password ?? "", passwordHash)).toBe(true);
    } finally {
      await Promise.all(others.map((other) => other.$disconnect()));
    }
  });

  it.each(refusedPasswords)("refuses a password of %s and creates nothing", async (_what, password, problem) => {
    await expect(ensureAdmin(deps(), { ...admin, password })).rejects.toMatchObject({
      code: "invalid_input",
      issues: [{ path: "password", message: problem }],
    });
    expect(await db.user.count()).toBe(0);
  });

  it.each(["admin", "admin@localhost", "", `${"a".repeat(250)}@x.test`])(
    "refuses the name %j, with which the Robin UI could not sign in",
    async (username) => {
      await expect(ensureAdmin(deps(), { ...admin, username })).rejects.toThrow();
      expect(await db.user.count()).toBe(0);
    },
  );
});

describe("setPassword", () => {
  it("replaces the password and ends the user's open sessions, nobody else's", async () => {
    const [anna, ben] = [await createUser(db), await createUser(db)];
    const earlier = new Date(now.getTime() - 60_000);
    await createSession(db, { userId: anna.id });
    await createSession(db, { userId: anna.id, revokedAt: earlier, revokedReason: "LOGOUT" });
    await createSession(db, { userId: ben.id });
    await setPassword(deps(), anna.username, "another password");

    const after = await userNamed(anna.username);
    expect(await passwords.verify("another password", after.passwordHash)).toBe(true);
    const ends = after.sessions.map(({ revokedAt, revokedReason }) => ({ revokedAt, revokedReason }));
    expect(ends).toHaveLength(2);
    expect(ends).toEqual(
      expect.arrayContaining([
        { revokedAt: now, revokedReason: "PASSWORD_CHANGED" },
        { revokedAt: earlier, revokedReason: "LOGOUT" },
      ]),
    );
    expect((await userNamed(ben.username)).sessions).toMatchObject([{ revokedAt: null }]);
    expect((await userNamed(ben.username)).passwordHash).toBe(ben.passwordHash);
  });

  it("finds the name in any case and with spaces around it", async () => {
    await createUser(db, { username: "anna@example.test" });
    await setPassword(deps(), " Anna@Example.Test ", "another password");
    const { passwordHash } = await userNamed("anna@example.test");
    expect(await passwords.verify("another password", passwordHash)).toBe(true);
  });

  it("takes a password of exactly 8 characters and one of exactly 72 bytes", async () => {
    const { username } = await createUser(db);
    for (const password of ["eight888", "ä".repeat(36)]) {
      await setPassword(deps(), username, password);
      expect(await passwords.verify(password, (await userNamed(username)).passwordHash)).toBe(true);
    }
  });

  it.each(refusedPasswords)(
    "refuses a password of %s; password and sessions stay",
    async (_what, password, problem) => {
      const { username, id, passwordHash } = await createUser(db);
      await createSession(db, { userId: id });
      await expect(setPassword(deps(), username, password)).rejects.toMatchObject({
        code: "invalid_input",
        publicMessage: `The password ${problem}.`,
      });
      expect(await userNamed(username)).toMatchObject({ passwordHash, sessions: [{ revokedAt: null }] });
    },
  );

  it("refuses a user that does not exist", async () => {
    await expect(setPassword(deps(), "nobody@example.test", "another password")).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("replacePassword", () => {
  const old = "{SHA512-CRYPT}$6$of the old password";
  const opensMailbox = (password: string, hash: string | null) => {
    const salt = hash?.split("$")[3] ?? "";
    return hash === `{SHA512-CRYPT}${sha512Crypt(password, { salt, rounds: 100_000 })}`;
  };

  it.each([
    { before: null, mailLogin: undefined, opens: false },
    { before: null, mailLogin: false, opens: false },
    { before: null, mailLogin: true, opens: true },
    { before: old, mailLogin: undefined, opens: true },
    { before: old, mailLogin: true, opens: true },
    { before: old, mailLogin: false, opens: false },
  ])("with $before and mailLogin $mailLogin opens the mailbox: $opens", async ({ before, mailLogin, opens }) => {
    const { id, username } = await createUser(db, { mailPasswordHash: before });
    expect(await replacePassword(deps(), { id }, { password: "another password", mailLogin })).toBe(true);
    const { passwordHash, mailPasswordHash } = await userNamed(username);
    expect(await passwords.verify("another password", passwordHash)).toBe(true);
    if (opens) expect(opensMailbox("another password", mailPasswordHash)).toBe(true);
    else expect(mailPasswordHash).toBeNull();
  });

  it("keeps the mailbox closed when it is closed while the hashes are made", async () => {
    const { id, username } = await createUser(db, { mailPasswordHash: old });
    const closing: Passwords = {
      ...passwords,
      async hashes(password, options) {
        const made = await passwords.hashes(password, options);
        await db.user.update({ where: { id }, data: { mailPasswordHash: null } });
        return made;
      },
    };
    const change = { password: "another password" };
    expect(await replacePassword({ ...deps(), passwords: closing }, { id }, change)).toBe(true);
    const { passwordHash, mailPasswordHash } = await userNamed(username);
    expect(mailPasswordHash).toBeNull();
    expect(await passwords.verify("another password", passwordHash)).toBe(true);
  });

  it("takes the later of two changes at the same time as a whole", async () => {
    const { id, username } = await createUser(db, { mailPasswordHash: old });
    const wanted = ["the first of two", "the second of two"];
    await Promise.all(wanted.map((password) => replacePassword(deps(), { id }, { password })));
    const { passwordHash, mailPasswordHash } = await userNamed(username);
    const signIn = await Promise.all(wanted.map((password) => passwords.verify(password, passwordHash)));
    expect(signIn.toSorted()).toEqual([false, true]);
    expect(wanted.map((password) => opensMailbox(password, mailPasswordHash))).toEqual(signIn);
  });
});

describe("setPassword when the sessions cannot be ended", () => {
  it("changes nothing at all: an account that looks safe while its sessions run would be a trap", async () => {
    const { username, id, passwordHash } = await createUser(db);
    await createSession(db, { userId: id });
    await db.$executeRaw`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'sessions are read-only'; END $$`;
    await db.$executeRaw`CREATE TRIGGER refuse BEFORE UPDATE ON gateway_sessions EXECUTE FUNCTION refuse()`;
    try {
      await expect(setPassword(deps(), username, "another password")).rejects.toThrow("sessions are read-only");
      expect(await userNamed(username)).toMatchObject({
        passwordHash,
        sessions: [{ revokedAt: null }],
      });
    } finally {
      await db.$executeRaw`DROP FUNCTION refuse CASCADE`;
    }
  });
});
