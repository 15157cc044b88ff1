import { describe, expect, it } from "vitest";
import { describeFailure } from "./failures.ts";

function coded(code: string, cause?: unknown): Error {
  return Object.assign(new Error(`${code} happened`, { cause }), { code });
}

describe("describeFailure", () => {
  it.each([
    ["ECONNRESET", "network", true],
    ["EPIPE", "network", true],
    ["UND_ERR_SOCKET", "network", true],
    ["ECONNREFUSED", "network", false],
    ["ENOTFOUND", "network", false],
    ["UND_ERR_CONNECT_TIMEOUT", "timeout", false],
    ["ETIMEDOUT", "timeout", false],
    ["UND_ERR_HEADERS_OVERFLOW", "invalid-response", false],
  ])("names %s %s, however deep it lies", (code, kind, isReset) => {
    const error = new TypeError("fetch failed", { cause: new Error("wrapped", { cause: coded(code) }) });
    expect(describeFailure(error)).toMatchObject({ kind, isReset });
  });

  it("looks into the attempts of happy eyeballs", () => {
    const error = new TypeError("fetch failed", {
      cause: new AggregateError([coded("ECONNREFUSED"), coded("EACCES")]),
    });
    expect(describeFailure(error).message).toBe("no connection (ECONNREFUSED)");
  });

  it("takes over a code and a text, and nothing that hangs on the error", () => {
    const secret = Object.assign(coded("ECONNRESET"), { request: { authorization: "Bearer secret" } });
    expect(Object.keys(describeFailure(secret).cause)).toEqual(["code"]);
    expect(describeFailure(secret).cause.cause).toBeUndefined();
  });

  it("survives what is no error, and causes in a circle", () => {
    expect(describeFailure("boom")).toMatchObject({ kind: "network", message: "the exchange failed" });
    const circle = new Error("a");
    circle.cause = circle;
    expect(describeFailure(circle).kind).toBe("network");
  });
});
