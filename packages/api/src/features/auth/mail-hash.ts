import { randomBytes } from "node:crypto";
import type { Hashing } from "./hashing.ts";

/** Twenty times the usual number: a mail server verifies in 35 to 65 ms. */
const rounds = 100_000;

/** 96 random bits in the 16 characters that a salt may have. */
const saltBytes = 12;

/** The hash that Robin and Dovecot verify, with the name of its scheme in front. */
export async function createMailHash(hashing: Hashing, password: string): Promise<string> {
  const salt = randomBytes(saltBytes).toString("base64").replaceAll("+", ".");
  return `{SHA512-CRYPT}${await hashing.sha512Crypt(password, { salt, rounds })}`;
}
