import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { expect } from "vitest";
import { type Answer, type TestGateway, testPassword, testSecret } from "./harness.ts";
import { createUser } from "@robin/db/testing";

/** What the Robin UI's `AuthResponseSchema` reads from a login. */
export interface LoginBody {
  user: { id: number; username: string; email: string; roles: string[] };
  tokens: { accessToken: string; tokenType: string; expiresIn: number };
  permissions: string[];
}

export interface ErrorAnswer {
  error: string;
  code: string;
  message: string;
  requestId: string;
  issues?: { path: string; message: string }[];
}

/** Long enough for every promise that says "within a second". */
export const aSecondMs = 1000;
export const thirtySecondsMs = 30_000;
export const weekMs = 7 * 24 * 60 * 60 * 1000;

type UserFields = NonNullable<Parameters<typeof createUser>[1]>;

/** An account that signs in with `testPassword`, unless a test states another hash. */
export async function createAccount({ db, deps }: TestGateway, fields: UserFields = {}) {
  return createUser(db, { passwordHash: await deps.passwords.hash(testPassword), roles: ["ROLE_ADMIN"], ...fields });
}

export interface SetCookie {
  name: string;
  value: string;
  /** Names in lower case; `true` for those without a value. */
  attributes: Record<string, string | true>;
}

/** The one cookie that an answer sets, or undefined when it sets none. */
export function setCookieOf(answer: Pick<Answer, "headers">): SetCookie | undefined {
  const lines = answer.headers.getSetCookie();
  expect(lines.length).toBeLessThanOrEqual(1);
  const [pair, ...rest] = lines[0]?.split(/; */) ?? [];
  if (pair === undefined) return undefined;
  const [name = "", value = ""] = pair.split("=");
  const attributes = rest.map((part) => {
    const [key = "", text] = part.split("=");
    return [key.toLowerCase(), text ?? true] as const;
  });
  return { name, value, attributes: Object.fromEntries(attributes) };
}

/** The answer tells the browser to forget the refresh token, with the attributes that it was set with. */
export function expectClearedCookie(answer: Pick<Answer, "headers">): void {
  expect(setCookieOf(answer)).toEqual({
    name: "refreshToken",
    value: "",
    attributes: {
      httponly: true,
      samesite: "Strict",
      path: "/",
      "max-age": "0",
      expires: "Thu, 01 Jan 1970 00:00:00 GMT",
    },
  });
}

/** An error in the one shape, without anything beside it. */
export function expectError(answer: Answer, status: number, code: string): ErrorAnswer {
  const body = answer.body as ErrorAnswer;
  expect({ status: answer.status, code: body.code }).toEqual({ status, code });
  const known = ["error", "code", "message", "requestId", "issues"];
  expect(Object.keys(body).filter((key) => !known.includes(key))).toEqual([]);
  expect(body.requestId).toBe(answer.headers.get("x-request-id"));
  expect(body.message).not.toBe("");
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("www-authenticate")).toBeNull();
  return body;
}

/** The same on the tRPC road. */
export function expectTrpcError(answer: Answer, status: number, appCode: string): { message: string } {
  const { error } = answer.body as { error: { json: { message: string; data: Record<string, unknown> } } };
  expect({ status: answer.status, ...error.json.data }).toMatchObject({ status, httpStatus: status, appCode });
  expect(Object.keys(error.json.data)).not.toContain("stack");
  return error.json;
}

export function login(gateway: TestGateway, username: string, password = testPassword): Promise<Answer> {
  return gateway.request("/api/v1/auth/login", { body: { username, password } });
}

export function refresh(gateway: TestGateway, cookie: string | undefined): Promise<Answer> {
  return gateway.request("/api/v1/auth/refresh", { body: {}, headers: cookie === undefined ? {} : { cookie } });
}

export function me(gateway: TestGateway, token: string): Promise<Answer> {
  return gateway.request("/api/v1/auth/me", { token });
}

/** The new access token and cookie of a login or refresh that has to work. */
export function grantedBy(answer: Answer): { token: string; cookie: string } {
  expect(answer.status).toBe(200);
  const body = answer.body as LoginBody | LoginBody["tokens"];
  const { accessToken } = "tokens" in body ? body.tokens : body;
  return { token: accessToken, cookie: `refreshToken=${setCookieOf(answer)?.value ?? ""}` };
}

/** The audit row of the request that this is the answer to. */
export function auditOf({ db }: TestGateway, answer: Answer) {
  return db.auditEvent.findMany({ where: { requestId: answer.headers.get("x-request-id") ?? "" } });
}

export interface TokenParts {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

export function decodeToken(token: string): TokenParts {
  const [header, claims] = token
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
  return { header: header ?? {}, claims: claims ?? {} };
}

/** Signs with node's own HMAC, independently of the code under test. */
export function encodeToken({ header, claims }: TokenParts, secret = testSecret, hash = "sha256"): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`;
}

/** With headers exactly as they are given, repeats included, which `fetch` would join. */
export function rawRequest(
  gateway: TestGateway,
  path: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string | string[]> },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(gateway.url + path, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
