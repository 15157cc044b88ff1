import { isUniqueViolation, type Prisma } from "@robin/db";
import type { Context, SignedInContext } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { containing, pageWindow, toPage } from "../../listing.ts";
import { permissionsOf, type Role } from "../../permissions.ts";
import { withAudit } from "../audit/audit.service.ts";
import { replacePassword } from "../auth/accounts.ts";
import { revokeSessions } from "../auth/sessions.ts";
import { toSummary } from "../auth/user-summary.ts";
import { keepingAnAdministrator } from "./administrators.ts";
import type {
  CreateUserInput,
  ListUsersInput,
  ListUsersOutput,
  SetUserPasswordInput,
  UpdateUserInput,
  User,
  UserInput,
} from "./users.schemas.ts";

const withRoles = { roles: true } as const;
type UserRow = Prisma.UserGetPayload<{ include: typeof withRoles }>;

export async function listUsers({ deps: { db } }: Context, input: ListUsersInput): Promise<ListUsersOutput> {
  const { search, role, enabled, sort, order } = input;
  const columns = ["username", "email", "firstName", "lastName"] as const;
  const where: Prisma.UserWhereInput = {
    ...(search !== undefined && { OR: columns.map((column) => ({ [column]: containing(search) })) }),
    ...(role && { roles: { some: { role: { in: role } } } }),
    ...(enabled !== undefined && { disabledAt: enabled ? null : { not: null } }),
  };
  const nullable = sort === "lastName" || sort === "lastLoginAt";
  const orderBy = [{ [sort]: nullable ? { sort: order, nulls: "last" } : order }, { id: order }];
  const [total, rows] = await Promise.all([
    db.user.count({ where }),
    db.user.findMany({ where, orderBy, include: withRoles, ...pageWindow(input) }),
  ]);
  return toPage(rows.map(toUser), total, input);
}

/** @throws AppError `not_found` */
export async function getUser({ deps: { db } }: Context, { id }: UserInput): Promise<User> {
  const row = await db.user.findUnique({ where: { id }, include: withRoles });
  if (!row) throw noSuchUser();
  return toUser(row);
}

/** @throws AppError `conflict` when the name is taken, `forbidden` for roles that may do more than the caller. */
export async function createUser(ctx: SignedInContext, input: CreateUserInput): Promise<User> {
  const { db, clock, passwords } = ctx.deps;
  const { username } = input;
  return withAudit(ctx, { action: "users.create", targets: [username] }, async () => {
    refuseMoreThanOneHas(ctx, input.roles);
    const now = clock.now();
    const data = {
      username,
      email: input.email ?? username,
      ...namesOf(input),
      ...(await passwords.hashes(input.password, input)),
      createdAt: now,
      disabledAt: input.enabled ? null : now,
      roles: { create: input.roles.map((role) => ({ role })) },
    };
    const row = await db.user.create({ data, include: withRoles }).catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new AppError("conflict", "There is a user of this name already.", { cause: error });
    });
    return toUser(row);
  });
}

export function updateUser(ctx: SignedInContext, input: UpdateUserInput): Promise<User> {
  return changeUser(ctx, "users.update", input);
}

export function setUserEnabled(ctx: SignedInContext, { id }: UserInput, enabled: boolean): Promise<User> {
  return changeUser(ctx, enabled ? "users.enable" : "users.disable", { id, enabled });
}

/**
 * Roles and `enabled` work on running access tokens within a second.
 * @throws AppError `not_found`; `conflict` for the caller's own account and the last administrator; `invalid_input`
 * for `mailLogin` without a password that it could be made from.
 */
async function changeUser(ctx: SignedInContext, action: string, input: UpdateUserInput): Promise<User> {
  const { clock } = ctx.deps;
  const { id, email, roles, enabled, mailLogin } = input;
  return withAudit(ctx, { action, targets: [await targetOf(ctx, id)] }, async () => {
    const user = await keepingAnAdministrator(ctx, async (tx) => {
      const before = await tx.user.findUnique({ where: { id }, select: { disabledAt: true, mailPasswordHash: true } });
      if (!before) throw noSuchUser();
      if (enabled === false) refuseOneself(ctx, id, "disable");
      if (roles) refuseMoreThanOneHas(ctx, roles);
      if (mailLogin === true && before.mailPasswordHash === null) throw needsPassword();
      const data: Prisma.UserUpdateInput = {
        ...(email !== undefined && { email }),
        ...namesOf(input),
        ...(roles && { roles: { deleteMany: {}, create: roles.map((role) => ({ role })) } }),
        ...(enabled !== undefined && { disabledAt: enabled ? null : (before.disabledAt ?? clock.now()) }),
        ...(mailLogin === false && { mailPasswordHash: null }),
      };
      const row = await tx.user.update({ where: { id }, data, include: withRoles });
      if (enabled === false) await revokeSessions({ db: tx, clock }, { userId: id }, "USER_DISABLED");
      return toUser(row);
    });
    await ctx.deps.events.publish("user.changed", { userId: id });
    return user;
  });
}

/** Ends every session of the account. @throws AppError `not_found` */
export async function setUserPassword(
  ctx: Context,
  { id, ...change }: SetUserPasswordInput,
): Promise<{ success: true }> {
  return withAudit(ctx, { action: "users.setPassword", targets: [await targetOf(ctx, id)] }, async () => {
    if (!(await replacePassword(ctx.deps, { id }, change))) throw noSuchUser();
    await ctx.deps.events.publish("user.changed", { userId: id });
    return { success: true };
  });
}

/** The account goes with its sessions; its audit rows stay. */
export async function deleteUser(ctx: SignedInContext, { id }: UserInput): Promise<{ success: true }> {
  return withAudit(ctx, { action: "users.delete", targets: [await targetOf(ctx, id)] }, async () => {
    await keepingAnAdministrator(ctx, async (tx) => {
      refuseOneself(ctx, id, "delete");
      const { count } = await tx.user.deleteMany({ where: { id } });
      if (count === 0) throw noSuchUser();
    });
    await ctx.deps.events.publish("user.changed", { userId: id });
    return { success: true };
  });
}

/** What the audit row calls the account: its name outlives it. */
export async function targetOf({ deps: { db } }: Context, id: number): Promise<string> {
  const user = await db.user.findUnique({ where: { id }, select: { username: true } });
  return user?.username ?? String(id);
}

/** @throws AppError `not_found` */
export async function requireUser({ deps: { db } }: Context, id: number): Promise<void> {
  if ((await db.user.count({ where: { id } })) === 0) throw noSuchUser();
}

function noSuchUser(): AppError {
  return new AppError("not_found", "There is no such user.");
}

function needsPassword(): AppError {
  const issues = [{ path: "mailLogin", message: "can become true only where a password is set" }];
  const text = "The password cannot be had from its hash. Set one, with mailLogin, to open the mailbox with it.";
  return new AppError("invalid_input", text, { issues });
}

function refuseOneself({ principal }: SignedInContext, id: number, what: "disable" | "delete"): void {
  if (id === principal.userId) throw new AppError("conflict", `Nobody can ${what} the own account.`);
}

/** An administrator has every permission, but not an administrator's key: it must not make itself a master. */
function refuseMoreThanOneHas({ principal }: SignedInContext, roles: readonly Role[]): void {
  const tooMuch = permissionsOf(roles).filter((permission) => !principal.permissions.includes(permission));
  if (tooMuch.length === 0) return;
  throw new AppError("forbidden", `You cannot give a role that may do what you may not: ${tooMuch.join(", ")}.`);
}

function namesOf({ firstName, lastName }: { firstName?: string | undefined; lastName?: string | undefined }) {
  return {
    ...(firstName !== undefined && { firstName: firstName === "" ? null : firstName }),
    ...(lastName !== undefined && { lastName: lastName === "" ? null : lastName }),
  };
}

function toUser(row: UserRow): User {
  return {
    ...toSummary(row),
    enabled: row.disabledAt === null,
    mailLogin: row.mailPasswordHash !== null,
    ...(row.disabledAt && { disabledAt: row.disabledAt }),
    ...(row.lastLoginAt && { lastLoginAt: row.lastLoginAt }),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
