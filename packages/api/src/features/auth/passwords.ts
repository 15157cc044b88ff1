import { compare, hash } from "@node-rs/bcrypt";
import { randomBytes } from "node:crypto";
import { createMailHash } from "./mail-hash.ts";

/** The cost that sign-in promises; tests take a lower one. */
export const defaultBcryptCost = 12;

/** bcrypt reads no more than this many bytes, so a longer password would be cut without a word. */
export const passwordBytesMax = 72;

/** bcrypt repeats the password with a NUL behind it, so `x` and `x\0x` have the same hash. */
const passwordSeparator = "\0";

const passwordCharsMin = 8;

/** What keeps a text from being a password, or undefined. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < passwordCharsMin) return `must have at least ${passwordCharsMin} characters`;
  if (Buffer.byteLength(password) > passwordBytesMax) return `must not be longer than ${passwordBytesMax} bytes`;
  return password.includes(passwordSeparator) ? "must not contain a NUL" : undefined;
}

export type Passwords = Awaited<ReturnType<typeof createPasswords>>;

/** Hashes, all of them computed off the event loop. */
export async function createPasswords(cost = defaultBcryptCost) {
  // Compared against for an unknown user, so that the answer takes as long as for a known one.
  const nobodysHash = await hash(randomBytes(18).toString("base64"), { cost });

  return {
    hash: (password: string): Promise<string> => hash(password, { cost }),

    /** What an account keeps of its password: bcrypt's, and the weaker one of mail servers only where it is asked for. */
    async hashes(password: string, { mailLogin }: { mailLogin: boolean }) {
      return {
        passwordHash: await hash(password, { cost }),
        mailPasswordHash: mailLogin ? await createMailHash(password) : null,
      };
    },

    /** False when there is no hash, after the same time as with one. */
    async verify(password: string, passwordHash: string | undefined): Promise<boolean> {
      const fits = Buffer.byteLength(password) <= passwordBytesMax && !password.includes(passwordSeparator);
      const matches = await compare(password, passwordHash ?? nobodysHash);
      return matches && fits && passwordHash !== undefined;
    },
  };
}
