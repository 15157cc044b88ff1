import { describe, expect, it } from "vitest";
import { createRobinClient, type RobinClientConfig } from "./index.ts";
import { authorizationHeader, baseUrl } from "./config.ts";

const url = "http://127.0.0.1:8090";

function create(config: Partial<RobinClientConfig>): unknown {
  return createRobinClient({ clientApi: { url }, serviceApi: { url }, ...config });
}

describe("baseUrl", () => {
  it("keeps a path prefix and drops the last slash", () => {
    expect(baseUrl("http://robin:8090/")).toBe("http://robin:8090");
    expect(baseUrl("https://proxy.example/robin//")).toBe("https://proxy.example/robin");
  });

  it.each(["robin:8090", "", "ftp://robin", "http://admin:hunter2@robin", "http://robin/?a=1", "http://robin/#a"])(
    "refuses %j without repeating it",
    (value) => {
      const refusal = (): unknown => create({ clientApi: { url: value } });
      expect(refusal).toThrow(TypeError);
      expect(refusal).not.toThrow(/hunter2/);
    },
  );
});

describe("authorizationHeader", () => {
  it("writes the schemes as Robin compares them, with UTF-8 and colons in passwords", () => {
    expect(authorizationHeader({ type: "bearer", token: "test-token" })).toBe("Bearer test-token");
    const header = authorizationHeader({ type: "basic", username: "jürgen", password: "a:b" }) ?? "";
    expect(header).toMatch(/^Basic /);
    expect(Buffer.from(header.slice(6), "base64").toString("utf8")).toBe("jürgen:a:b");
    expect(authorizationHeader(undefined)).toBeUndefined();
  });

  it.each(["", " a", "a\r\nX-Evil: 1", "ä"])("refuses the bearer token %j", (token) => {
    expect(() => authorizationHeader({ type: "bearer", token })).toThrow(TypeError);
  });

  it("refuses a colon in a basic user name, which would move the border to the password", () => {
    expect(() => authorizationHeader({ type: "basic", username: "a:b", password: "" })).toThrow(TypeError);
  });
});

describe("limits", () => {
  it.each<[string, Partial<RobinClientConfig>]>([
    ["maxConnections", { maxConnections: 0 }],
    ["maxWaiting", { maxWaiting: -1 }],
    ["timeoutMs", { timeoutMs: 2 ** 31 }],
    ["responseBytesMax", { responseBytesMax: 1.5 }],
    ["failureThreshold", { breaker: { failureThreshold: Number.NaN } }],
    ["openMs", { breaker: { openMs: -1 } }],
  ])("refuses a %s under which no call could succeed", (name, config) => {
    expect(() => create(config)).toThrow(new RegExp(name));
  });
});
