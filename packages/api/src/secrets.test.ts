import { describe, expect, it } from "vitest";
import { mask, maskSecrets } from "./secrets.ts";

describe("maskSecrets", () => {
  it.each([
    "pass",
    "password",
    "keystorepassword",
    "dbPassword",
    "authValue",
    "apiKey",
    "api_key",
    "token",
    "bearerToken",
    "clientSecret",
    "privateKey",
    "AWS_ACCESS_KEY_ID",
    "ROBIN_DB_PASSWORD",
    "credentials",
  ])("hides the value of %s", (key) => {
    expect(maskSecrets({ [key]: "hunter2" })).toEqual({ [key]: mask });
  });

  it.each(["hostname", "user", "authType", "passive", "keys", "keystore"])("shows the value of %s", (key) => {
    expect(maskSecrets({ [key]: "value" })).toEqual({ [key]: "value" });
  });

  it("goes into lists and objects, and hides numbers too", () => {
    const users = {
      list: [
        { name: "tony@example.com", pass: "stark" },
        { name: "pin", password: 1234 },
      ],
    };
    expect(maskSecrets(users)).toEqual({
      list: [
        { name: "tony@example.com", pass: mask },
        { name: "pin", password: mask },
      ],
    });
    expect(maskSecrets({ secrets: { a: "x", b: ["y"] } })).toEqual({ secrets: { a: mask, b: [mask] } });
  });

  it("hides credentials within URLs", () => {
    expect(maskSecrets("redis://robin:hunter2@cache:6379/0")).toBe(`redis://robin:${mask}@cache:6379/0`);
    expect(maskSecrets("jdbc:postgresql://db/robin?user=a&password=hunter2&ssl=true")).toBe(
      `jdbc:postgresql://db/robin?user=a&password=${mask}&ssl=true`,
    );
  });

  it("shows an empty secret as empty, and leaves the rest as it is", () => {
    const section = { password: "", enabled: true, port: 25, list: [], nested: { hostname: "a" } };
    expect(maskSecrets(section)).toEqual(section);
  });
});
