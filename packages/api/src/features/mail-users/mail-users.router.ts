import { NoInput } from "../../rest-input.ts";
import { procedure, router } from "../../trpc.ts";
import {
  AuthenticateMailUserInput,
  AuthenticateMailUserOutput,
  ListMailUsersOutput,
  MailUserExistsInput,
  MailUserExistsOutput,
} from "./mail-users.schemas.ts";
import { authenticateMailUser, listMailUsers, mailUserExists } from "./mail-users.service.ts";

const tags = ["Mail users"];

export const mailUsersRouter = router({
  list: procedure
    .meta({
      permission: "MANAGE_USERS",
      openapi: { method: "GET", path: "/mail-users", tags, summary: "List the accounts of the mail server" },
    })
    .input(NoInput)
    .output(ListMailUsersOutput)
    .query(({ ctx }) => listMailUsers(ctx)),

  authenticate: procedure
    .meta({
      permission: "MANAGE_USERS",
      openapi: {
        method: "POST",
        path: "/mail-users/authenticate",
        tags,
        summary: "Try a mail account's password",
        description: "A wrong password is an answer, `authenticated: false`, and not an error.",
      },
    })
    .input(AuthenticateMailUserInput)
    .output(AuthenticateMailUserOutput)
    .mutation(({ ctx, input }) => authenticateMailUser(ctx, input)),

  exists: procedure
    .meta({
      permission: "MANAGE_USERS",
      openapi: {
        method: "GET",
        path: "/mail-users/{username}/exists",
        tags,
        summary: "Does the mail server know this account?",
      },
    })
    .input(MailUserExistsInput)
    .output(MailUserExistsOutput)
    .query(({ ctx, input }) => mailUserExists(ctx, input)),
});
