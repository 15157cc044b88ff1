import type { Db } from "@robin/db";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Deps } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { passwordBytesMax, passwordSeparator } from "./passwords.ts";
import { revokeSessions } from "./sessions.ts";

/** Serialises the first start of several processes. */
const firstAdminLock = 815_001;

export interface FirstAdmin {
  username: string;
  password: string;
}

/** Accounts sign in with a mail address; the Robin UI refuses any other form. */
const Username = z.string().trim().toLowerCase().pipe(z.email().max(255));

/**
 * Creates the administrator when there is no account at all.
 * @returns the account with its password when it was made with a random one, to be shown once.
 */
export async function ensureAdmin(
  { db, passwords, clock }: Pick<Deps, "db" | "passwords" | "clock">,
  admin: { username: string; password: string | undefined },
): Promise<FirstAdmin | undefined> {
  if ((await db.user.count()) > 0) return undefined;
  const username = Username.parse(admin.username);
  const password = admin.password ?? randomBytes(15).toString("base64url");
  const passwordHash = await passwords.hash(checkedPassword(password));
  const created = await db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${firstAdminLock})`;
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
 * Sets a password and ends every session of the account; running access tokens stop working within a second.
 * @throws AppError `not_found`, or `invalid_input` for a password that is too short or that bcrypt cannot tell from another.
 */
export async function setPassword(
  { db, passwords, clock }: Pick<Deps, "db" | "passwords" | "clock">,
  username: string,
  password: string,
): Promise<void> {
  const user = await findUser(db, username);
  const passwordHash = await passwords.hash(checkedPassword(password));
  await db.$transaction(async (tx) => {
    await tx.user.update({ where: { id: user.id }, data: { passwordHash } });
    await revokeSessions({ db: tx, clock }, { userId: user.id }, "PASSWORD_CHANGED");
  });
}

/** Keeps the account from signing in and ends its sessions. */
export async function disableUser({ db, clock }: Pick<Deps, "db" | "clock">, username: string): Promise<void> {
  const user = await findUser(db, username);
  await db.$transaction(async (tx) => {
    await tx.user.update({ where: { id: user.id }, data: { disabledAt: clock.now() } });
    await revokeSessions({ db: tx, clock }, { userId: user.id }, "USER_DISABLED");
  });
}

async function findUser(db: Db, username: string): Promise<{ id: number }> {
  const user = await db.user.findUnique({ where: { username: username.trim().toLowerCase() }, select: { id: true } });
  if (!user) throw new AppError("not_found", "There is no such user.");
  return user;
}

function checkedPassword(password: string): string {
  const problem =
    password.length < 8
      ? "must have at least 8 characters"
      : Buffer.byteLength(password) > passwordBytesMax
        ? `must not be longer than ${passwordBytesMax} bytes`
        : password.includes(passwordSeparator)
          ? "must not contain a NUL"
          : undefined;
  if (problem)
    throw new AppError("invalid_input", `The password ${problem}.`, {
      issues: [{ path: "password", message: problem }],
    });
  return password;
}
