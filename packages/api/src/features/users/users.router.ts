import { permittedSessionProcedure, procedure, router } from "../../trpc.ts";
import { Success } from "../auth/auth.schemas.ts";
import {
  CreateUserInput,
  ListUsersInput,
  ListUsersOutput,
  SetUserPasswordInput,
  UpdateUserInput,
  User,
  UserInput,
} from "./users.schemas.ts";
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  setUserEnabled,
  setUserPassword,
  updateUser,
} from "./users.service.ts";

const tags = ["Users"];
const permission = "MANAGE_USERS";

export const usersRouter = router({
  list: procedure
    .meta({ permission, openapi: { method: "GET", path: "/users", tags, summary: "List the accounts" } })
    .input(ListUsersInput)
    .output(ListUsersOutput)
    .query(({ ctx, input }) => listUsers(ctx, input)),

  create: procedure
    .meta({
      permission,
      errors: ["conflict"],
      openapi: { method: "POST", path: "/users", tags, summary: "Create an account" },
    })
    .input(CreateUserInput)
    .output(User)
    .mutation(({ ctx, input }) => createUser(ctx, input)),

  get: procedure
    .meta({ permission, openapi: { method: "GET", path: "/users/{id}", tags, summary: "Show an account" } })
    .input(UserInput)
    .output(User)
    .query(({ ctx, input }) => getUser(ctx, input)),

  update: procedure
    .meta({
      permission,
      errors: ["conflict"],
      openapi: {
        method: "PATCH",
        path: "/users/{id}",
        tags,
        summary: "Change an account",
        description: "Fields that are left out stay. Roles and `enabled` take effect within a second.",
      },
    })
    .input(UpdateUserInput)
    .output(User)
    .mutation(({ ctx, input }) => updateUser(ctx, input)),

  setPassword: permittedSessionProcedure
    .meta({
      permission,
      openapi: {
        method: "PUT",
        path: "/users/{id}/password",
        tags,
        summary: "Set the password of an account",
        description: "Ends every session of the account. With `mailLogin` the password opens the mailbox as well.",
      },
    })
    .input(SetUserPasswordInput)
    .output(Success)
    .mutation(({ ctx, input }) => setUserPassword(ctx, input)),

  disable: procedure
    .meta({
      permission,
      errors: ["conflict"],
      openapi: {
        method: "POST",
        path: "/users/{id}/disable",
        tags,
        summary: "Keep an account from signing in",
        description: "Ends its sessions. The own account and the last administrator cannot be disabled.",
      },
    })
    .input(UserInput)
    .output(User)
    .mutation(({ ctx, input }) => setUserEnabled(ctx, input, false)),

  enable: procedure
    .meta({
      permission,
      openapi: { method: "POST", path: "/users/{id}/enable", tags, summary: "Let an account sign in again" },
    })
    .input(UserInput)
    .output(User)
    .mutation(({ ctx, input }) => setUserEnabled(ctx, input, true)),

  delete: procedure
    .meta({
      permission,
      errors: ["conflict"],
      openapi: {
        method: "DELETE",
        path: "/users/{id}",
        tags,
        summary: "Delete an account",
        description:
          "With its sessions; audit rows stay. The own account and the last administrator cannot be deleted.",
      },
    })
    .input(UserInput)
    .output(Success)
    .mutation(({ ctx, input }) => deleteUser(ctx, input)),
});
