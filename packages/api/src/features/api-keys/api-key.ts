import { createHash, randomBytes } from "node:crypto";

/** Tells keys from access tokens, and lets scanners find a key that was published by mistake. */
export const apiKeyPrefix = "rgw_";

/** 256 random bits behind the prefix. */
const apiKey = /^rgw_[\w-]{43}$/;

export function newApiKey(): string {
  return apiKeyPrefix + randomBytes(32).toString("base64url");
}

/** Whether it has the form of a key; whether it is one, only the database knows. */
export function isApiKey(text: string): boolean {
  return apiKey.test(text);
}

/** A slow hash would protect nothing: 256 random bits cannot be guessed. */
export function hashOfApiKey(key: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(key).digest());
}
