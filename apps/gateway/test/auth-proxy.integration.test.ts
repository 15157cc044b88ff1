import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf, createAccount, grantedBy, setCookieOf } from "./auth-support.ts";
import { startTestGateway, type TestGateway, testPassword } from "./harness.ts";

// The tests connect from 127.0.0.1. One gateway trusts nobody, one trusts a proxy there, one trusts a proxy elsewhere.
let untrusting: TestGateway;
let trusting: TestGateway;
let trustingElsewhere: TestGateway;
beforeAll(async () => {
  untrusting = await startTestGateway();
  trusting = await startTestGateway({ beside: untrusting, app: { trustProxy: 1 } });
  trustingElsewhere = await startTestGateway({ beside: untrusting, app: { trustProxy: "192.0.2.0/24" } });
});
afterAll(async () => {
  await trustingElsewhere.close();
  await trusting.close();
  await untrusting.close();
});

/** Signs in through `gateway` with these headers, and returns what is known of the client afterwards. */
async function signInWith(gateway: TestGateway, headers: Record<string, string>) {
  const user = await createAccount(gateway);
  const answer = await gateway.request("/api/v1/auth/login", {
    body: { username: user.username, password: testPassword },
    headers,
  });
  const { cookie } = grantedBy(answer);
  const session = await gateway.db.session.findFirstOrThrow({ where: { userId: user.id } });
  const [audit] = await auditOf(gateway, answer);
  return {
    answer,
    cookie,
    secure: setCookieOf(answer)?.attributes.secure,
    addresses: [session.ipAddress, audit?.ipAddress],
  };
}

describe("cookie of POST /api/v1/auth/login", () => {
  it("200 with Secure behind a trusted proxy that speaks https, and also when it is cleared", async () => {
    const headers = { "x-forwarded-proto": "https" };
    const { answer, cookie, secure } = await signInWith(trusting, headers);
    expect(secure).toBe(true);
    expect(setCookieOf(answer)?.attributes).toMatchObject({ httponly: true, samesite: "Strict", path: "/" });
    const logout = await trusting.request("/api/v1/auth/logout", { body: {}, headers: { ...headers, cookie } });
    expect(setCookieOf(logout)?.attributes).toMatchObject({
      secure: true,
      httponly: true,
      samesite: "Strict",
      path: "/",
      "max-age": "0",
    });
  });

  it("200 with Secure for a proxy that writes the scheme in capitals", async () => {
    expect((await signInWith(trusting, { "x-forwarded-proto": "HTTPS" })).secure).toBe(true);
  });

  it("200 without Secure behind a trusted proxy that speaks http, or does not say", async () => {
    expect((await signInWith(trusting, { "x-forwarded-proto": "http" })).secure).toBeUndefined();
    expect((await signInWith(trusting, {})).secure).toBeUndefined();
  });

  it("200 without Secure when a peer that is not trusted claims https", async () => {
    for (const gateway of [untrusting, trustingElsewhere]) {
      expect((await signInWith(gateway, { "x-forwarded-proto": "https" })).secure).toBeUndefined();
    }
  });

  it("200 without Secure for look-alikes of the header", async () => {
    for (const name of ["x-forwarded-ssl", "front-end-https", "x-url-scheme", "forwarded"]) {
      expect(
        (await signInWith(trusting, { [name]: name === "forwarded" ? "proto=https" : "on" })).secure,
      ).toBeUndefined();
    }
  });
});

describe("client address of POST /api/v1/auth/login", () => {
  it("200 with the address of the peer when nobody is trusted, whatever it claims", async () => {
    for (const gateway of [untrusting, trustingElsewhere]) {
      const { addresses } = await signInWith(gateway, {
        "x-forwarded-for": "203.0.113.9",
        "x-real-ip": "203.0.113.9",
        forwarded: "for=203.0.113.9",
      });
      expect(addresses).toEqual(["127.0.0.1", "127.0.0.1"]);
    }
  });

  it.each([
    ["IPv4", "203.0.113.9", "203.0.113.9"],
    ["what the proxy saw, not what the client wrote before it", "1.2.3.4, 203.0.113.9", "203.0.113.9"],
    ["IPv6", "2001:db8::1", "2001:db8::1"],
    ["IPv6 in full", "2001:0db8:1111:2222:3333:4444:5555:6666", "2001:0db8:1111:2222:3333:4444:5555:6666"],
    ["IPv4 within IPv6", "::ffff:203.0.113.9", "203.0.113.9"],
    [
      "the longest IPv6",
      "2001:0db8:1111:2222:3333:4444:255.255.255.255",
      "2001:0db8:1111:2222:3333:4444:255.255.255.255",
    ],
    ["IPv6 without its zone", "fe80::1%a-network-interface-with-a-long-name-0123456789", "fe80::1"],
    ["IPv4 without its port", "203.0.113.9:51234", "203.0.113.9"],
    ["IPv6 without its port", "[2001:db8::1]:51234", "2001:db8::1"],
  ])("200 with %s from a trusted proxy", async (_what, forwarded, address) => {
    const { addresses } = await signInWith(trusting, { "x-forwarded-for": forwarded });
    expect(addresses).toEqual([address, address]);
  });

  it.each([
    ["text", "unknown"],
    ["an injected header line", "203.0.113.9\\r\\nx: y"],
    ["a host name", "client.example.test"],
    ["4000 characters", "1".repeat(4000)],
    ["a number out of range", "203.0.113.999"],
    ["nothing", ""],
    ["a comma", ","],
  ])("200 with the proxy's own address when it forwards %s", async (_what, forwarded) => {
    const { addresses } = await signInWith(trusting, { "x-forwarded-for": forwarded });
    expect(addresses).toEqual(["127.0.0.1", "127.0.0.1"]);
  });

  it("200 and the log names the address as the database does", async () => {
    const { answer } = await signInWith(trusting, { "x-forwarded-for": "fe80::1%eth0" });
    const requestId = answer.headers.get("x-request-id");
    const line = trusting.logs.find((entry) => entry.requestId === requestId && entry.msg === "request");
    expect(line?.ipAddress).toBe("fe80::1");
  });
});
