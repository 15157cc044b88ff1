import { expect } from "vitest";
import type { Answer, SignedIn, TestGateway } from "./harness.ts";

export interface KeyBody {
  id: string;
  key: string;
  name: string;
  scopes: string[];
}

/** A key with VIEW_QUEUE, unless a test states something else. */
export async function createKey(
  gateway: TestGateway,
  { token }: Pick<SignedIn, "token">,
  fields: Record<string, unknown> = {},
): Promise<KeyBody> {
  const body = { name: "a key", scopes: ["VIEW_QUEUE"], ...fields };
  const answer = await gateway.request("/api/v1/api-keys", { token, body });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as KeyBody;
}

export function keysOf(gateway: TestGateway, { token }: Pick<SignedIn, "token">): Promise<Answer> {
  return gateway.request("/api/v1/api-keys", { token });
}
