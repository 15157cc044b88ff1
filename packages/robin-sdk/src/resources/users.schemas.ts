import { z } from "zod";

/** Where Robin looked: `users.json5`, or Dovecot's SQL backend. */
export const UsersSource = z.enum(["config", "sql"]);
export type UsersSource = z.infer<typeof UsersSource>;

export const UserList = z.object({
  source: UsersSource,
  /** Sorted without regard to case. Robin keeps duplicates, and so do we. */
  users: z.array(z.string()),
});
export type UserList = z.infer<typeof UserList>;

/** Matched exactly, case included, blanks too. */
export const UserExistsInput = z.object({
  username: z.string().refine((name) => name.trim() !== "", "must not be blank"),
});
export type UserExistsInput = z.infer<typeof UserExistsInput>;

export const UserExistence = z.object({ source: UsersSource, username: z.string(), exists: z.boolean() });
export type UserExistence = z.infer<typeof UserExistence>;

export const UserCredentials = z.object({
  /** Robin trims it. */
  username: z.string().refine((name) => name.trim() !== "", "must not be blank"),
  /** Compared as it is; a blank one is refused by Robin. */
  password: z.string().refine((password) => password.trim() !== "", "must not be blank"),
});
export type UserCredentials = z.infer<typeof UserCredentials>;

export const UserAuthentication = z.object({
  source: UsersSource,
  username: z.string(),
  /** False for a wrong password and for an unknown user alike. */
  authenticated: z.boolean(),
});
export type UserAuthentication = z.infer<typeof UserAuthentication>;
