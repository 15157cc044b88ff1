import { isRobinError } from "@robin/sdk";
import { changeOptions, type Context, readOptions } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { withAudit } from "../audit/audit.service.ts";
import type {
  AuthenticateMailUserInput,
  AuthenticateMailUserOutput,
  ListMailUsersOutput,
  MailUserExistsInput,
  MailUserExistsOutput,
} from "./mail-users.schemas.ts";

/** The accounts that Robin lets in over SMTP and IMAP; not those that sign in here. */
export async function listMailUsers(ctx: Context): Promise<ListMailUsersOutput> {
  const { source, users } = await withBackend(() => ctx.deps.robin.users.list(readOptions(ctx)));
  return { source, users, total: users.length };
}

export async function mailUserExists(ctx: Context, input: MailUserExistsInput): Promise<MailUserExistsOutput> {
  return withBackend(() => ctx.deps.robin.users.exists(input, readOptions(ctx)));
}

/** Audited although it changes nothing: it can be used to guess. */
export async function authenticateMailUser(
  ctx: Context,
  input: AuthenticateMailUserInput,
): Promise<AuthenticateMailUserOutput> {
  return withAudit(ctx, { action: "mailUsers.authenticate", targets: [input.username] }, () =>
    withBackend(() => ctx.deps.robin.users.authenticate(input, changeOptions(ctx))),
  );
}

/** Robin answers 503 when it keeps no users itself, which is a fact about its configuration and no failure. */
async function withBackend<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (isRobinError(error) && error.kind === "http" && error.status === 503) {
      throw new AppError("conflict", "Robin keeps no list of users: neither its users file nor a database is set up.", {
        cause: error,
      });
    }
    throw error;
  }
}
