import { NoInput } from "../../rest-input.ts";
import { permittedSessionProcedure, router, sessionProcedure } from "../../trpc.ts";
import { Success } from "../auth/auth.schemas.ts";
import { UserInput } from "../users/users.schemas.ts";
import {
  ListSessionsInput,
  ListSessionsOutput,
  ListUserSessionsInput,
  RevokedSessions,
  SessionInput,
  UserSessionInput,
} from "./sessions.schemas.ts";
import {
  listOwnSessions,
  listUserSessions,
  revokeAllOfUser,
  revokeOtherSessions,
  revokeOwnSession,
  revokeUserSession,
} from "./sessions.service.ts";

const tags = ["Sessions"];
const permission = "MANAGE_USERS";

export const sessionsRouter = router({
  list: sessionProcedure
    .meta({
      access: "signed-in",
      openapi: { method: "GET", path: "/sessions", tags, summary: "List my open sessions" },
    })
    .input(ListSessionsInput)
    .output(ListSessionsOutput)
    .query(({ ctx, input }) => listOwnSessions(ctx, input)),

  revokeOthers: sessionProcedure
    .meta({
      access: "signed-in",
      openapi: { method: "POST", path: "/sessions/revoke-others", tags, summary: "End all my sessions but this one" },
    })
    .input(NoInput)
    .output(RevokedSessions)
    .mutation(({ ctx }) => revokeOtherSessions(ctx)),

  revoke: sessionProcedure
    .meta({
      access: "signed-in",
      openapi: {
        method: "DELETE",
        path: "/sessions/{id}",
        tags,
        summary: "End one of my sessions",
        description: "Its access tokens stop working within a second.",
      },
    })
    .input(SessionInput)
    .output(Success)
    .mutation(({ ctx, input }) => revokeOwnSession(ctx, input)),

  listOfUser: permittedSessionProcedure
    .meta({
      permission,
      openapi: { method: "GET", path: "/users/{id}/sessions", tags, summary: "List the open sessions of an account" },
    })
    .input(ListUserSessionsInput)
    .output(ListSessionsOutput)
    .query(({ ctx, input }) => listUserSessions(ctx, input)),

  revokeAllOfUser: permittedSessionProcedure
    .meta({
      permission,
      openapi: { method: "DELETE", path: "/users/{id}/sessions", tags, summary: "End every session of an account" },
    })
    .input(UserInput)
    .output(RevokedSessions)
    .mutation(({ ctx, input }) => revokeAllOfUser(ctx, input)),

  revokeOfUser: permittedSessionProcedure
    .meta({
      permission,
      openapi: {
        method: "DELETE",
        path: "/users/{id}/sessions/{sessionId}",
        tags,
        summary: "End a session of an account",
      },
    })
    .input(UserSessionInput)
    .output(Success)
    .mutation(({ ctx, input }) => revokeUserSession(ctx, input)),
});
