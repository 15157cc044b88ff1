import { describe, expect, it } from "vitest";
import { type Json, mask, maskSecrets, unmaskSecrets } from "./secrets.ts";

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

describe("unmaskSecrets", () => {
  const current = {
    apiKey: "one",
    port: 5,
    url: "postgres://robin:two@db/mail",
    list: [
      { name: "a", pass: "three" },
      { name: "b", pass: 4 },
    ],
    tokens: ["x", "y"],
  };
  const masked = maskSecrets(current) as Record<string, Json>;

  it("gives back what was masked, and takes what is new", () => {
    expect(unmaskSecrets(masked, current)).toEqual({ value: current, unknown: [] });
    expect(unmaskSecrets({ apiKey: "new", url: "", port: 6 }, current).value).toEqual({
      apiKey: "new",
      url: "",
      port: 6,
    });
    expect(unmaskSecrets({ apiKey: null }, current).value).toEqual({ apiKey: null });
  });

  it("finds an element that moved, by its name also when more of it was changed", () => {
    const list = [
      { name: "new", pass: "five" },
      { name: "b", pass: mask, note: "changed" },
      { name: "a", pass: mask },
    ];
    expect(unmaskSecrets({ list }, current)).toEqual({
      value: {
        list: [
          { name: "new", pass: "five" },
          { name: "b", pass: 4, note: "changed" },
          { name: "a", pass: "three" },
        ],
      },
      unknown: [],
    });
    expect(unmaskSecrets({ tokens: [mask, mask] }, current).value).toEqual({ tokens: ["x", "y"] });
  });

  it("names the masks that stand for nothing", () => {
    const sent = { secret: mask, url: `postgres://robin:${mask}@elsewhere/mail`, list: [{ name: "c", pass: mask }] };
    expect(unmaskSecrets(sent, current).unknown).toEqual(["secret", "url", "list.0.pass"]);
    expect(unmaskSecrets({ a: mask }, undefined).unknown).toEqual(["a"]);
  });

  it("touches no prototype", () => {
    const sent = JSON.parse(`{ "__proto__": { "polluted": "********" } }`) as Json;
    expect(unmaskSecrets(sent, {}).unknown).toEqual(["__proto__.polluted"]);
  });
});
