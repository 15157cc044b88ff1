import * as bcrypt from "@node-rs/bcrypt";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createPasswords, defaultBcryptCost, type Passwords } from "./passwords.ts";
import { sha512Crypt } from "./sha512-crypt.ts";

// The work is counted instead of timed; bcrypt itself stays what it is.
vi.mock("@node-rs/bcrypt", { spy: true });

let passwords: Passwords;
beforeAll(async () => {
  passwords = await createPasswords(4);
});

/** The hashes that a password was compared with, one for each time that bcrypt worked. */
async function workOf(run: () => Promise<unknown>): Promise<string[]> {
  const compare = vi.mocked(bcrypt.compare).mockClear();
  await run();
  return compare.mock.calls.map(([, hash]) => String(hash));
}

/** Of this thread alone, so that a busy machine does not matter. */
async function cpuMsOf(run: () => unknown): Promise<number> {
  const before = process.threadCpuUsage();
  await run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

const costOf = (hash: string | undefined) => hash?.split("$")[2];

describe("hash", () => {
  it("makes a bcrypt hash of the cost asked for, another one each time", async () => {
    const [first, second] = [await passwords.hash("password1"), await passwords.hash("password1")];
    expect(first).toMatch(/^\$2b\$04\$.{53}$/);
    expect(second).not.toBe(first);
  });

  it("costs 12 when nothing is said", async () => {
    expect(defaultBcryptCost).toBe(12);
    const hashing = vi.mocked(bcrypt.hash).mockClear();
    await createPasswords();
    expect(hashing.mock.calls.map(([, options]) => options)).toEqual([{ cost: 12 }]);
  });
});

describe("hashes", () => {
  it("are bcrypt's alone when the mailbox has another password", async () => {
    const { passwordHash, mailPasswordHash } = await passwords.hashes("password1", { mailLogin: false });
    expect(await passwords.verify("password1", passwordHash)).toBe(true);
    expect(mailPasswordHash).toBeNull();
  });

  it("have SHA512-CRYPT's beside it for a mail server: 100000 rounds and another salt each time", async () => {
    const both = await Promise.all([1, 2].map(() => passwords.hashes("pässword", { mailLogin: true })));
    const salts = both.map(({ mailPasswordHash }) => {
      const [, salt = ""] = /^{SHA512-CRYPT}\$6\$rounds=100000\$([./\w]{16})\$/.exec(mailPasswordHash ?? "") ?? [];
      expect(mailPasswordHash).toBe(`{SHA512-CRYPT}${sha512Crypt("pässword", { salt, rounds: 100_000 })}`);
      return salt;
    });
    expect(new Set(salts).size).toBe(2);
    for (const { passwordHash } of both) expect(await passwords.verify("pässword", passwordHash)).toBe(true);
  });

  it("leave this thread free while they are made", async () => {
    const here = await cpuMsOf(() => sha512Crypt("password1", { salt: "salt", rounds: 100_000 }));
    expect(await cpuMsOf(() => passwords.hashes("password1", { mailLogin: true }))).toBeLessThan(here / 2);
  });
});

describe("verify", () => {
  it("is true for the password and false for another", async () => {
    const hash = await passwords.hash("password1");
    expect(await passwords.verify("password1", hash)).toBe(true);
    for (const other of ["password2", "Password1", "password1 ", "password", ""]) {
      expect(await passwords.verify(other, hash)).toBe(false);
    }
  });

  it("takes the hashes of other bcrypt libraries", async () => {
    const hash = await passwords.hash("password1");
    for (const prefix of ["$2a$", "$2y$"]) {
      expect(await passwords.verify("password1", hash.replace("$2b$", prefix))).toBe(true);
    }
  });

  it("is false without a hash and for text that is no hash", async () => {
    expect(await passwords.verify("password1", undefined)).toBe(false);
    for (const hash of ["", "no password fits this hash", "$2b$04$short", "{noop}password1", "password1"]) {
      expect(await passwords.verify("password1", hash)).toBe(false);
    }
  });

  it("is false for a password that bcrypt would cut to the right one", async () => {
    for (const longest of ["x".repeat(72), "ä".repeat(36)]) {
      const hash = await passwords.hash(longest);
      expect(await passwords.verify(longest, hash)).toBe(true);
      expect(await bcrypt.compare(`${longest}x`, hash)).toBe(true);
      expect(await passwords.verify(`${longest}x`, hash)).toBe(false);
    }
  });

  it("is false for the password repeated with a NUL between, which bcrypt takes for the same", async () => {
    const hash = await passwords.hash("password1");
    expect(await bcrypt.compare("password1\0password1", hash)).toBe(true);
    expect(await passwords.verify("password1\0password1", hash)).toBe(false);
  });

  it("makes bcrypt work once and at the same cost for a known and for an unknown user", async () => {
    const hash = await passwords.hash("password1");
    const known = await workOf(() => passwords.verify("not the password", hash));
    const unknown = await workOf(() => passwords.verify("not the password", undefined));
    expect(known).toEqual([hash]);
    expect(unknown).toHaveLength(1);
    expect(costOf(unknown[0])).toBe(costOf(hash));
  });

  it("makes bcrypt work once also for passwords that cannot be right", async () => {
    for (const password of ["x".repeat(1000), "a\0b", ""]) {
      expect(await workOf(() => passwords.verify(password, undefined))).toHaveLength(1);
    }
  });
});
