import { robinErrors } from "../../errors.ts";
import { NoInput } from "../../rest-input.ts";
import { robinProcedure, router } from "../../trpc.ts";
import {
  AuthenticateMailUserInput,
  AuthenticateMailUserOutput,
  ListMailUsersOutput,
  MailUserExistsInput,
  MailUserExistsOutput,
} from "./mail-users.schemas.ts";
import { authenticateMailUser, listMailUsers, mailUserExists } from "./mail-users.service.ts";

const tags = ["Mail users"];
/** `conflict`: this Robin keeps no users. */
const errors = [...robinErrors, "conflict"] as const;

export const mailUsersRouter = router({
  list: robinProcedure
    .meta({
      permission: "MANAGE_USERS",
      errors,
      openapi: { method: "GET", path: "/mail-users", tags, summary: "List the accounts of the mail server" },
    })
    .input(NoInput)
    .output(ListMailUsersOutput)
    .query(({ ctx }) => listMailUsers(ctx)),

  authenticate: robinProcedure
    .meta({
      permission: "MANAGE_USERS",
      errors,
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

  exists: robinProcedure
    .meta({
      permission: "MANAGE_USERS",
      errors,
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
