import { z } from "zod";
import { pageFields, pageOutput } from "../../listing.ts";
import { Instant } from "../../rest-input.ts";
import { UserIdParam } from "../users/users.schemas.ts";

const exampleSession = {
  id: "01989c2e-7c1a-7d6b-9b1e-2f6d3a5c4e71",
  ipAddress: "192.0.2.10",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  createdAt: "2026-01-29T10:00:00.000Z",
  lastUsedAt: "2026-01-29T11:30:00.000Z",
  expiresAt: "2026-02-05T11:30:00.000Z",
  current: true,
};

const SessionId = z.uuid().meta({ description: "The session's id as the list gives it." });

export const Session = z
  .object({
    id: z.string(),
    ipAddress: z.string().meta({ description: "Where it was opened from." }),
    userAgent: z.string().meta({ description: "The browser or program that opened it; empty when it did not say." }),
    createdAt: Instant,
    lastUsedAt: Instant.meta({ description: "When the last access token was fetched for it." }),
    expiresAt: Instant.meta({ description: "When it ends unless it is used before." }),
    current: z.boolean().meta({ description: "It is the one this request was made with." }),
  })
  .meta({ id: "Session", examples: [exampleSession] });
export type Session = z.infer<typeof Session>;

export const ListSessionsInput = z.strictObject(pageFields);
export type ListSessionsInput = z.infer<typeof ListSessionsInput>;

export const ListUserSessionsInput = z.strictObject({ id: UserIdParam, ...pageFields });
export type ListUserSessionsInput = z.infer<typeof ListUserSessionsInput>;

export const ListSessionsOutput = pageOutput(Session).meta({
  examples: [{ items: [exampleSession], total: 1, page: 1, limit: 50, pages: 1 }],
});
export type ListSessionsOutput = z.infer<typeof ListSessionsOutput>;

export const SessionInput = z.strictObject({ id: SessionId });
export type SessionInput = z.infer<typeof SessionInput>;

export const UserSessionInput = z.strictObject({ id: UserIdParam, sessionId: SessionId });
export type UserSessionInput = z.infer<typeof UserSessionInput>;

export const RevokedSessions = z
  .object({ revoked: z.int().min(0).meta({ description: "How many sessions were open and ended." }) })
  .meta({ examples: [{ revoked: 2 }] });
export type RevokedSessions = z.infer<typeof RevokedSessions>;
