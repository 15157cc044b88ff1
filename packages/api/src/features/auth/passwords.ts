import type { Turn } from "./fair-line.ts";
import { type Hashing, hashingThread } from "./hashing.ts";
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

export type Passwords = ReturnType<typeof createPasswords>;

/** Hashes, all of them computed off the event loop. */
export function createPasswords(cost = defaultBcryptCost, hashing: Hashing = hashingThread()) {
  // Compared against for an unknown user, so that the answer takes as long as for a known one. No password is known to
  // have this hash, and `verify` would not believe it.
  const nobodysHash = `$2b$${String(cost).padStart(2, "0")}$abcdefghijklmnopqrstuOabcdefghijklmnopqrstuvwxyzABCD.`;

  return {
    hash: (password: string): Promise<string> => hashing.bcrypt(password, cost),

    /** What an account keeps of its password: bcrypt's, and the weaker one of mail servers only where it is asked for. */
    hashes: async (password: string, { mailLogin }: { mailLogin: boolean }) => {
      return {
        passwordHash: await hashing.bcrypt(password, cost),
        mailPasswordHash: mailLogin ? await createMailHash(hashing, password) : null,
      };
    },

    /**
     * False when there is no hash, after the same time as with one.
     * @throws AppError `rate_limited` when too many wait to be checked.
     */
    verify: async (password: string, passwordHash: string | undefined, turn?: Turn): Promise<boolean> => {
      const fits = Buffer.byteLength(password) <= passwordBytesMax && !password.includes(passwordSeparator);
      const matches = await hashing.compare(password, passwordHash ?? nobodysHash, turn);
      return matches && fits && passwordHash !== undefined;
    },
  };
}
