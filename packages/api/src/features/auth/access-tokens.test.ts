import { createHmac } from "node:crypto";
import * as jose from "jose";
import { describe, expect, it, vi } from "vitest";
import { type AccessTokenConfig, createAccessTokens } from "./access-tokens.ts";

// Signatures are counted; jose itself stays what it is.
vi.mock("jose", { spy: true });

const secret = "a secret for tests that is long enough";
const sessionId = "0192a1b2-0000-7000-8000-000000000001";
const subject = {
  userId: 7,
  username: "anna@example.test",
  roles: ["ROLE_USER"] as const,
  permissions: ["VIEW_QUEUE"] as const,
  sessionId,
};
const start = Date.UTC(2026, 0, 1);

/** Tokens with a clock that a test moves. */
function tokensWith(config: Partial<AccessTokenConfig> = {}) {
  let now = start;
  const clock = { now: () => new Date(now) };
  const tokens = createAccessTokens({ secrets: [secret], algorithm: "HS256", lifetimeSeconds: 1800, ...config }, clock);
  return { ...tokens, advance: (ms: number) => void (now += ms) };
}

const validClaims = {
  sub: "7",
  sid: sessionId,
  jti: "any",
  iat: start / 1000,
  exp: start / 1000 + 1800,
  iss: "robin-gateway",
  aud: "robin-gateway",
  type: "access",
};

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Made with node's own HMAC, independently of the code under test. */
function forge(claims: object, { header = {}, key = secret, hash = "sha256" } = {}): string {
  const signed = `${base64url({ alg: "HS256", typ: "JWT", ...header })}.${base64url(claims)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
}

const refused = { code: "unauthenticated", publicMessage: "The access token is not valid." };
const expired = { code: "unauthenticated", publicMessage: "The access token has expired." };

describe("sign", () => {
  it("makes a token that verifies as its subject, until its lifetime is over", async () => {
    const tokens = tokensWith();
    expect(await tokens.verify(await tokens.sign(subject))).toEqual({
      userId: 7,
      sessionId,
      expiresAt: new Date(start + 1_800_000),
    });
    expect(tokens.lifetimeSeconds).toBe(1800);
  });

  it("makes another token each time, also within the same second", async () => {
    const tokens = tokensWith();
    expect(await tokens.sign(subject)).not.toBe(await tokens.sign(subject));
  });

  it.each([
    ["HS256", "sha256"],
    ["HS384", "sha384"],
    ["HS512", "sha512"],
  ] as const)("signs with %s when that is configured", async (algorithm, hash) => {
    const tokens = tokensWith({ algorithm });
    const token = await tokens.sign(subject);
    const [header = "", payload = "", signature] = token.split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({ alg: algorithm, typ: "JWT" });
    expect(signature).toBe(createHmac(hash, secret).update(`${header}.${payload}`).digest("base64url"));
    expect(await tokens.verify(token)).toMatchObject({ userId: 7 });
  });
});

describe("verify", () => {
  it("takes a token that somebody else made with the same secret and claims", async () => {
    expect(await tokensWith().verify(forge(validClaims))).toMatchObject({ userId: 7, sessionId });
  });

  it.each([
    ["another issuer", { iss: "somebody" }],
    ["another audience", { aud: "robin" }],
    ["another type", { type: "refresh" }],
    ["no type", { type: undefined }],
    ["no issuer", { iss: undefined }],
    ["no audience", { aud: undefined }],
    ["no expiry", { exp: undefined }],
    ["an expiry that is text", { exp: "never" }],
    ["no jti", { jti: undefined }],
    ["no iat", { iat: undefined }],
    ["no subject", { sub: undefined }],
    ["a subject that is a number", { sub: 7 }],
    ["a subject that is no number", { sub: "7 OR 1=1" }],
    ["no session", { sid: undefined }],
    ["a session that is no UUID", { sid: "1" }],
    ["a time before which it must not be used", { nbf: start / 1000 + 60 }],
  ])("refuses %s, rightly signed", async (_what, claims) => {
    await expect(tokensWith().verify(forge({ ...validClaims, ...claims }))).rejects.toMatchObject(refused);
  });

  it.each([
    ["alg none without a signature", `${base64url({ alg: "none" })}.${base64url(validClaims)}.`],
    ["alg none with a signature", forge(validClaims, { header: { alg: "none" } })],
    ["HS512 with the same secret", forge(validClaims, { header: { alg: "HS512" }, hash: "sha512" })],
    ["HS384 with the same secret", forge(validClaims, { header: { alg: "HS384" }, hash: "sha384" })],
    ["a header that says RS256", forge(validClaims, { header: { alg: "RS256" } })],
    ["a header that says HS256 over a SHA-512 signature", forge(validClaims, { hash: "sha512" })],
    ["a critical extension", forge(validClaims, { header: { crit: ["later"], later: 1 } })],
    ["another secret", forge(validClaims, { key: "some other secret that is long enough" })],
    ["an empty secret", forge(validClaims, { key: "" })],
    ["claims that are no object", forge([])],
    ["nothing", ""],
    ["dots", ".."],
    ["one part", "a"],
    ["five parts, as an encrypted token has", "a.b.c.d.e"],
  ])("refuses %s", async (_what, token) => {
    await expect(tokensWith().verify(token)).rejects.toMatchObject(refused);
  });

  it("refuses a token of which one character was changed, wherever", async () => {
    const tokens = tokensWith();
    const token = await tokens.sign(subject);
    expect(await tokens.verify(token)).toMatchObject({ userId: 7 });
    // The last character of each part holds bits that decoding drops, so it is left out.
    const dots = [token.indexOf("."), token.lastIndexOf("."), token.length];
    for (let at = 0; at < token.length; at += 1) {
      if (token[at] === "." || dots.includes(at + 1)) continue;
      const altered = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      await expect(tokens.verify(altered)).rejects.toMatchObject(refused);
    }
  });

  it("refuses a token at its expiry, remembered or not", async () => {
    const tokens = tokensWith();
    const [remembered, unseen] = [await tokens.sign(subject), await tokens.sign(subject)];
    await tokens.verify(remembered);
    tokens.advance(1_799_999);
    expect(await tokens.verify(remembered)).toMatchObject({ userId: 7 });
    tokens.advance(1);
    await expect(tokens.verify(remembered)).rejects.toMatchObject(expired);
    await expect(tokens.verify(unseen)).rejects.toMatchObject(expired);
  });

  it("checks the signature of a token once, and again for each refused one", async () => {
    const tokens = tokensWith();
    const token = await tokens.sign(subject);
    const checks = vi.mocked(jose.jwtVerify).mockClear();
    for (let time = 1; time <= 5; time += 1) await tokens.verify(token);
    expect(checks).toHaveBeenCalledTimes(1);
    for (let time = 1; time <= 2; time += 1) await expect(tokens.verify(`${token}x`)).rejects.toMatchObject(refused);
    expect(checks).toHaveBeenCalledTimes(3);
  });

  it("does not remember a refusal: a clock that was behind heals", async () => {
    const tokens = tokensWith();
    const token = forge({ ...validClaims, nbf: start / 1000 + 60 });
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
    tokens.advance(60_000);
    expect(await tokens.verify(token)).toMatchObject({ userId: 7 });
  });
});

describe("rolling secrets", () => {
  const [oldest, older, newest] = ["oldest", "older", "newest"].map((name) => `${name} secret that is long enough`) as [
    string,
    string,
    string,
  ];

  it("signs with the first", async () => {
    const token = await tokensWith({ secrets: [newest, older] }).sign(subject);
    expect(await tokensWith({ secrets: [newest] }).verify(token)).toMatchObject({ userId: 7 });
    await expect(tokensWith({ secrets: [older] }).verify(token)).rejects.toMatchObject(refused);
  });

  it("verifies with each, wherever in the list", async () => {
    const tokens = tokensWith({ secrets: [newest, older, oldest] });
    for (const key of [newest, older, oldest]) {
      expect(await tokens.verify(forge(validClaims, { key }))).toMatchObject({ userId: 7 });
    }
  });

  it("refuses a secret that was removed", async () => {
    const tokens = tokensWith({ secrets: [newest, older] });
    await expect(tokens.verify(forge(validClaims, { key: oldest }))).rejects.toMatchObject(refused);
  });

  it("says that a token of an older secret has expired", async () => {
    const tokens = tokensWith({ secrets: [newest, older] });
    const token = forge({ ...validClaims, exp: start / 1000 }, { key: older });
    await expect(tokens.verify(token)).rejects.toMatchObject(expired);
  });
});
