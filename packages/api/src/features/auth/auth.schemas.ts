import { z } from "zod";
import { Permission, Role } from "../../permissions.ts";
import { boolParam, Instant, textParam } from "../../rest-input.ts";
import { passwordBytesMax, passwordProblem } from "./passwords.ts";

const exampleUser = {
  id: 1,
  username: "admin@robin.local",
  email: "admin@robin.local",
  roles: ["ROLE_ADMIN" as const],
};

export const LoginInput = z
  .strictObject({
    // The audit row keeps every name that is tried.
    username: textParam({ charsMin: 0, charsMax: 255, description: "The account's name, in any case." }).regex(
      /\S/,
      "is blank",
    ),
    password: z.string().min(1).max(1024),
    rememberMe: boolParam("Accepted for the Robin UI; sessions always outlive the browser.").optional(),
  })
  .meta({ examples: [{ username: "admin@robin.local", password: "correct horse battery staple" }] });
export type LoginInput = z.infer<typeof LoginInput>;

export const NewPassword = z
  .string()
  .refine((text) => passwordProblem(text) === undefined, { error: ({ input }) => passwordProblem(String(input)) })
  .meta({ description: `At least 8 characters and at most ${passwordBytesMax} bytes.`, override: { minLength: 8 } });

export const ChangePasswordInput = z
  .strictObject({ currentPassword: z.string().min(1).max(1024), newPassword: NewPassword })
  .meta({ examples: [{ currentPassword: "correct horse battery staple", newPassword: "another long pass phrase" }] });
export type ChangePasswordInput = z.infer<typeof ChangePasswordInput>;

/** Fields that have no value are absent, never null: the Robin UI refuses nulls. */
export const UserSummary = z
  .object({
    id: z.int().min(1),
    username: z.string(),
    email: z.string(),
    firstName: z.string().optional(),
    lastName: z.string().optional(),
    roles: z.array(Role),
  })
  .meta({ id: "UserSummary", examples: [exampleUser] });
export type UserSummary = z.infer<typeof UserSummary>;

export const AccessTokenOutput = z
  .object({
    accessToken: z.string().meta({ description: "A JWT, sent as `Authorization: Bearer ...`." }),
    tokenType: z.literal("Bearer"),
    expiresIn: z.int().min(1).meta({ description: "Seconds until the access token expires." }),
  })
  .meta({ id: "AccessToken", examples: [{ accessToken: "eyJhbGciOi...", tokenType: "Bearer", expiresIn: 1800 }] });
export type AccessTokenOutput = z.infer<typeof AccessTokenOutput>;

export const LoginOutput = z
  .object({
    user: UserSummary,
    tokens: AccessTokenOutput,
    permissions: z.array(Permission),
  })
  .meta({
    examples: [
      {
        user: exampleUser,
        tokens: { accessToken: "eyJhbGciOi...", tokenType: "Bearer", expiresIn: 1800 },
        permissions: ["VIEW_DASHBOARD", "VIEW_QUEUE"],
      },
    ],
  });
export type LoginOutput = z.infer<typeof LoginOutput>;

export const Success = z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] });

export const VerifyOutput = z.object({ valid: z.boolean() }).meta({ examples: [{ valid: true }] });

export const MeOutput = UserSummary.extend({
  permissions: z.array(Permission),
  createdAt: Instant,
  lastLoginAt: Instant.optional(),
  user: UserSummary.meta({ description: "The same user again, for clients of the former gateway." }),
}).meta({
  id: "Me",
  examples: [{ ...exampleUser, permissions: ["VIEW_QUEUE"], createdAt: "2026-01-29T10:00:00.000Z", user: exampleUser }],
});
export type MeOutput = z.infer<typeof MeOutput>;
