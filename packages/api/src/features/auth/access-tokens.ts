import { errors, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../context.ts";
import { AppError } from "../../errors.ts";
import type { Role } from "../../permissions.ts";
import { type Permission } from "../../permissions.ts";

export const jwtAlgorithms = ["HS256", "HS384", "HS512"] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];

export interface AccessTokenConfig {
  /** Newest first: the first signs, all verify, so that keys can roll. */
  secrets: readonly [string, ...string[]];
  algorithm: JwtAlgorithm;
  lifetimeSeconds: number;
}

export interface AccessTokenSubject {
  userId: number;
  username: string;
  roles: readonly Role[];
  permissions: readonly Permission[];
  sessionId: string;
}

const Claims = z.object({
  sub: z.string().regex(/^\d+$/),
  sid: z.uuid(),
  exp: z.number(),
  type: z.literal("access"),
});

/** What a verified token proves. Roles are read from the database instead, so that a change works at once. */
export interface VerifiedToken {
  userId: number;
  sessionId: string;
  expiresAt: Date;
}

const issuer = "robin-gateway";
const rememberedTokensMax = 10_000;

export type AccessTokens = ReturnType<typeof createAccessTokens>;

/** Signs and verifies the short-lived access tokens. */
export function createAccessTokens({ secrets, algorithm, lifetimeSeconds }: AccessTokenConfig, clock: Clock) {
  const [signingKey, ...olderKeys] = secrets.map((secret) => new TextEncoder().encode(secret)) as [
    Uint8Array,
    ...Uint8Array[],
  ];
  // A signature costs more than all the rest of a request, so a verified token is remembered until it expires.
  const verified = new LRUCache<string, VerifiedToken>({ max: rememberedTokensMax });

  async function checkSignature(token: string): Promise<VerifiedToken> {
    for (const key of [signingKey, ...olderKeys]) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [algorithm],
          issuer,
          audience: issuer,
          currentDate: clock.now(),
          requiredClaims: ["exp", "jti", "iat"],
        });
        const { sub, sid, exp } = Claims.parse(payload);
        return { userId: Number(sub), sessionId: sid, expiresAt: new Date(exp * 1000) };
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) continue;
        if (error instanceof errors.JWTExpired) throw new AppError("unauthenticated", "The access token has expired.");
        throw invalid();
      }
    }
    throw invalid();
  }

  return {
    lifetimeSeconds,

    /** Whether its signature was found good before, and it has not expired. */
    remembers: (token: string): boolean => (verified.peek(token)?.expiresAt ?? new Date(0)) > clock.now(),

    /** A token for this subject, good for `lifetimeSeconds`. */
    async sign(subject: AccessTokenSubject): Promise<string> {
      const issuedAt = Math.floor(clock.now().getTime() / 1000);
      return new SignJWT({
        username: subject.username,
        roles: subject.roles,
        permissions: subject.permissions,
        sid: subject.sessionId,
        type: "access",
      })
        .setProtectedHeader({ alg: algorithm, typ: "JWT" })
        .setSubject(String(subject.userId))
        .setJti(randomUUID())
        .setIssuer(issuer)
        .setAudience(issuer)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(signingKey);
    },

    /** What `verify` has found out before and still holds, without checking anything anew. */
    remembered(token: string): VerifiedToken | undefined {
      const known = verified.get(token);
      return known && known.expiresAt > clock.now() ? known : undefined;
    },

    /** @throws AppError `unauthenticated` when the token is not ours, altered, of another kind, or expired. */
    async verify(token: string): Promise<VerifiedToken> {
      const known = verified.get(token);
      if (known && known.expiresAt > clock.now()) return known;
      verified.delete(token);
      const fresh = await checkSignature(token);
      verified.set(token, fresh);
      return fresh;
    },
  };
}

function invalid(): AppError {
  return new AppError("unauthenticated", "The access token is not valid.");
}
