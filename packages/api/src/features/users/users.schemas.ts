import { z } from "zod";
import { orderField, pageFields, pageOutput } from "../../listing.ts";
import { Role } from "../../permissions.ts";
import { boolParam, Instant, listParam, rowIdParam, textParam } from "../../rest-input.ts";
import { Username } from "../auth/accounts.ts";
import { NewPassword, UserSummary } from "../auth/auth.schemas.ts";

const exampleUser = {
  id: 7,
  username: "anna@example.com",
  email: "anna@example.com",
  firstName: "Anna",
  roles: ["ROLE_OPERATOR" as const],
  enabled: true,
  mailLogin: false,
  createdAt: "2026-01-29T10:00:00.000Z",
  updatedAt: "2026-01-29T10:00:00.000Z",
};

export const UserIdParam = rowIdParam("The account's number.");
const Email = Username.meta({ description: "A mail address, kept in lower case." });
const PersonName = textParam({ charsMin: 0, charsMax: 255, description: "An empty text takes the name away." });
const Roles = z
  .array(Role)
  .min(1)
  .max(Role.options.length)
  .transform((roles) => [...new Set(roles)]);

export const ListUsersInput = z.strictObject({
  ...pageFields,
  sort: z.enum(["username", "email", "lastName", "createdAt", "lastLoginAt"]).default("username"),
  order: orderField,
  search: textParam({
    charsMax: 255,
    description: "Text within the user name, address or names, in any case.",
  }).optional(),
  role: listParam(Role.options, "Only accounts with any of these roles.").optional(),
  enabled: boolParam("Only accounts that may sign in, or only those that may not.").optional(),
});
export type ListUsersInput = z.infer<typeof ListUsersInput>;

export const User = UserSummary.extend({
  enabled: z.boolean(),
  mailLogin: z.boolean().meta({ description: "Whether the mailbox opens with the same password." }),
  disabledAt: Instant.optional(),
  lastLoginAt: Instant.optional().meta({ description: "Absent before the first sign-in." }),
  createdAt: Instant,
  updatedAt: Instant,
}).meta({ id: "User", examples: [exampleUser] });
export type User = z.infer<typeof User>;

export const ListUsersOutput = pageOutput(User).meta({
  examples: [{ items: [exampleUser], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListUsersOutput = z.infer<typeof ListUsersOutput>;

export const UserInput = z.strictObject({ id: UserIdParam });
export type UserInput = z.infer<typeof UserInput>;

export const CreateUserInput = z
  .strictObject({
    username: Username.meta({ description: "A mail address in any case; accounts sign in with it." }),
    password: NewPassword,
    email: Email.optional().meta({ description: "The user name by default." }),
    firstName: PersonName.optional(),
    lastName: PersonName.optional(),
    roles: Roles,
    enabled: boolParam("False keeps the account from signing in; true by default.").default(true),
    mailLogin: boolParam("True lets the same password open the mailbox; false by default.").default(false),
  })
  .meta({
    examples: [{ username: "anna@example.com", password: "a long pass phrase", roles: ["ROLE_OPERATOR"] }],
  });
export type CreateUserInput = z.infer<typeof CreateUserInput>;

export const UpdateUserInput = z
  .strictObject({
    id: UserIdParam,
    email: Email.optional(),
    firstName: PersonName.optional(),
    lastName: PersonName.optional(),
    roles: Roles.optional(),
    enabled: boolParam("False keeps the account from signing in and ends its sessions.").optional(),
    mailLogin: boolParam(
      "False keeps the password from opening the mailbox. It takes a new password to let it open (again).",
    ).optional(),
  })
  .meta({ examples: [{ firstName: "Anna", roles: ["ROLE_OPERATOR"], enabled: true }] });
export type UpdateUserInput = z.infer<typeof UpdateUserInput>;

export const SetUserPasswordInput = z
  .strictObject({
    id: UserIdParam,
    password: NewPassword,
    mailLogin: boolParam("Whether the same password opens the mailbox; as before when left out.").optional(),
  })
  .meta({ examples: [{ password: "a long pass phrase" }] });
export type SetUserPasswordInput = z.infer<typeof SetUserPasswordInput>;
