import { z } from "zod";

/** Robin takes any text for a name; a slash or a backslash would divide its path, and control characters are none. */
const MailUsername = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[ -.0-[\]-~\u00a0-\uffff]*[!-.0-[\]-~\u00a1-\uffff][ -.0-[\]-~\u00a0-\uffff]*$/, "is not a user name")
  .meta({ description: "Compared exactly, case included.", examples: ["tony@example.com"] });

const Source = z
  .enum(["config", "sql"])
  .meta({ description: "Where Robin looked: its users file, or Dovecot's database." });

export const ListMailUsersOutput = z
  .object({ source: Source, users: z.array(z.string()), total: z.int().min(0) })
  .meta({ examples: [{ source: "config", users: ["pepper@example.com", "tony@example.com"], total: 2 }] });
export type ListMailUsersOutput = z.infer<typeof ListMailUsersOutput>;

export const MailUserExistsInput = z.strictObject({ username: MailUsername });
export type MailUserExistsInput = z.infer<typeof MailUserExistsInput>;

export const MailUserExistsOutput = z
  .object({ source: Source, username: z.string(), exists: z.boolean() })
  .meta({ examples: [{ source: "config", username: "tony@example.com", exists: true }] });
export type MailUserExistsOutput = z.infer<typeof MailUserExistsOutput>;

export const AuthenticateMailUserInput = z
  .strictObject({
    username: MailUsername,
    password: z.string().max(1024).regex(/\S/, "is blank"),
  })
  .meta({ examples: [{ username: "tony@example.com", password: "stark" }] });
export type AuthenticateMailUserInput = z.infer<typeof AuthenticateMailUserInput>;

export const AuthenticateMailUserOutput = z
  .object({
    source: Source,
    username: z.string(),
    authenticated: z.boolean().meta({ description: "False for a wrong password and for an unknown user alike." }),
  })
  .meta({ examples: [{ source: "config", username: "tony@example.com", authenticated: false }] });
export type AuthenticateMailUserOutput = z.infer<typeof AuthenticateMailUserOutput>;
