import { compare } from "@node-rs/bcrypt";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hashingThread } from "./hashing.ts";
import { createPasswords, defaultBcryptCost } from "./passwords.ts";
import { sha512Crypt } from "./sha512-crypt.ts";

const passwords = createPasswords(4);

/** The work is counted instead of timed; it is done as ever. */
function countedPasswords(cost?: number) {
  const compared: string[] = [];
  const costs: number[] = [];
  const real = hashingThread();
  const counted = createPasswords(cost, {
    ...real,
    bcrypt: (password, cost) => {
      costs.push(cost);
      return real.bcrypt(password, 4);
    },
    compare: (password, hash, turn) => {
      compared.push(hash);
      return real.compare(password, hash, turn);
    },
  });
  return { ...counted, compared, costs };
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
    const { hash, verify, costs, compared } = countedPasswords();
    await hash("password1");
    await verify("password1", undefined);
    expect([costs, compared.map(costOf)]).toEqual([[12], ["12"]]);
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
      expect(await compare(`${longest}x`, hash)).toBe(true);
      expect(await passwords.verify(`${longest}x`, hash)).toBe(false);
    }
  });

  it("is false for the password repeated with a NUL between, which bcrypt takes for the same", async () => {
    const hash = await passwords.hash("password1");
    expect(await compare("password1\0password1", hash)).toBe(true);
    expect(await passwords.verify("password1\0password1", hash)).toBe(false);
  });

  it("makes bcrypt work once and at the same cost for a known and for an unknown user", async () => {
    const { verify, compared } = countedPasswords(4);
    const hash = await passwords.hash("password1");
    await verify("not the password", hash);
    await verify("not the password", undefined);
    expect(compared).toEqual([hash, expect.any(String)]);
    expect(costOf(compared[1])).toBe(costOf(hash));
  });

  it("takes as long for an unknown user as for a known one", async () => {
    const costly = createPasswords(10);
    const hash = await costly.hash("password1");
    const cpuMs = async (passwordHash: string | undefined) => {
      const before = process.cpuUsage();
      for (let time = 1; time <= 3; time += 1) await costly.verify("not the password", passwordHash);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    const [known, unknown] = [await cpuMs(hash), await cpuMs(undefined)];
    expect(unknown / known).toBeGreaterThan(0.5);
    expect(unknown / known).toBeLessThan(2);
  });

  it("makes bcrypt work once also for passwords that cannot be right", async () => {
    for (const password of ["x".repeat(1000), "a\0b", ""]) {
      const { verify, compared } = countedPasswords(4);
      await verify(password, undefined);
      expect(compared).toHaveLength(1);
    }
  });

  it("answers many at once, each with its own", async () => {
    const hash = await passwords.hash("password1");
    const tried = Array.from({ length: 20 }, (_, index) => (index % 3 === 0 ? "password1" : "another"));
    const answers = await Promise.all(tried.map((password) => passwords.verify(password, hash)));
    expect(answers).toEqual(tried.map((password) => password === "password1"));
  });
});

describe.runIf(process.platform === "linux")("the thread that hashes", () => {
  it("has the lowest priority, and no other thread has", async () => {
    await passwords.verify("password1", undefined);
    const nices = readdirSync("/proc/self/task").map((id) => {
      const fields = readFileSync(`/proc/self/task/${id}/stat`, "utf8").split(") ").at(-1) ?? "";
      return Number(fields.split(" ")[16]);
    });
    expect(nices.filter((nice) => nice === 19)).toHaveLength(1);
  });
});
