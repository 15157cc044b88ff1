import type { Db } from "@robin/db";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Deps } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { locks } from "../../locks.ts";
import { passwordProblem } from "./passwords.ts";
import { revokeSessions } from "./sessions.ts";

export interface FirstAdmin {
  username: string;
  password: string;
}

type AccountDeps = Pick<Deps, "db" | "passwords" | "clock">;

/** Accounts sign in with a mail address; the Robin UI refuses any other form. */
export const Username = z
  .string()
  .trim()
  .toLowerCase()
  .pipe(z.email().max(255))
  .meta({ override: { type: "string", format: "email", maxLength: 255 } });

/**
 * Creates the administrator when there is no account at all.
 * @returns the account with its password when it was made with a random one, to be shown once.
 */
export async function ensureAdmin(
  { db, passwords, clock }: AccountDeps,
  admin: { username: string; password: string | undefined },
): Promise<FirstAdmin | undefined> {
  if ((await db.user.count()) > 0) return undefined;
  const username = Username.parse(admin.username);
  const password = admin.password ?? randomBytes(15).toString("base64url");
  const passwordHash = await passwords.hash(checkedPassword(password));
  const created = await db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${locks.administrators})`;
    if ((await tx.user.count()) > 0) return false;
    await tx.user.create({
      data: {
        username,
        email: username,
        passwordHash,
        createdAt: clock.now(),
        roles: { create: { role: "ROLE_ADMIN" } },
      },
    });
    return true;
  });
  return created && admin.password === undefined ? { username, password } : undefined;
}

/**
 * Sets a password, for the mailbox too if the old one opened it, and ends every session of the account; running access
 * tokens stop working within a second.
 * @throws AppError `not_found`, or `invalid_input` for a password that is too short or that bcrypt cannot tell from another.
 */
export async function setPassword(deps: AccountDeps, username: string, password: string): Promise<void> {
  const user = await findUser(deps.db, username);
  await replacePassword(deps, { id: user.id }, { password: checkedPassword(password) });
}

interface NewPassword {
  password: string;
  /** Whether it opens the mailbox as well; as before when left out. */
  mailLogin?: boolean | undefined;
  keepSessionId?: string;
}

/**
 * Stores a password that was checked before, both its hashes at once, and ends the account's sessions, but for
 * `keepSessionId`.
 * @param which with `passwordHash`, only when the account still has that one.
 * @returns false when there is no such account (any more).
 */
export async function replacePassword(
  deps: AccountDeps,
  which: { id: number; passwordHash?: string },
  change: NewPassword,
): Promise<boolean> {
  const { db, passwords, clock } = deps;
  const { password, mailLogin, keepSessionId } = change;
  const before = await db.user.findFirst({ where: which, select: { mailPasswordHash: true } });
  if (!before) return false;
  const hashes = await passwords.hashes(password, { mailLogin: mailLogin ?? before.mailPasswordHash !== null });
  const replaced = await db.$transaction(async (tx) => {
    const { count } = await tx.user.updateMany({ where: { ...which, ...before }, data: hashes });
    if (count === 0) return false;
    const sessions = { userId: which.id, ...(keepSessionId !== undefined && { id: { not: keepSessionId } }) };
    await revokeSessions({ db: tx, clock }, sessions, "PASSWORD_CHANGED");
    return true;
  });
  // Whether the mailbox opens was changed while the hashes were made: they may be the wrong ones.
  return replaced || replacePassword(deps, which, change);
}

async function findUser(db: Db, username: string): Promise<{ id: number }> {
  const user = await db.user.findUnique({ where: { username: username.trim().toLowerCase() }, select: { id: true } });
  if (!user) throw new AppError("not_found", "There is no such user.");
  return user;
}

function checkedPassword(password: string): string {
  const problem = passwordProblem(password);
  if (problem) {
    const issues = [{ path: "password", message: problem }];
    throw new AppError("invalid_input", `The password ${problem}.`, { issues });
  }
  return password;
}
