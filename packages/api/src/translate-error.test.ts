import { RobinError, type RobinErrorKind, RobinInputError } from "@robin/sdk";
import { TRPCError } from "@trpc/server";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AppError, errorBody, errorCatalogue } from "./errors.ts";
import { isUpstreamFailure, toAppError } from "./translate-error.ts";

const secret = "http://10.1.2.3:8090 hunter2 at com.mimecast.robin";
const robinError = (kind: RobinErrorKind, more: Partial<ConstructorParameters<typeof RobinError>[0]> = {}) =>
  new RobinError({ kind, service: "client", endpoint: "/client/queue/list", message: secret, detail: secret, ...more });

describe("toAppError", () => {
  it("leaves an AppError as it is, also inside of a TRPCError without a code of its own", () => {
    const error = new AppError("conflict", "Taken.");
    expect(toAppError(error)).toBe(error);
    expect(toAppError(new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause: error }))).toBe(error);
  });

  it.each([
    ["http", {}, "upstream_rejected", undefined],
    ["http", { status: 401 }, "upstream_rejected", undefined],
    ["http", { status: 404 }, "upstream_rejected", undefined],
    ["http", { status: 500 }, "upstream_rejected", undefined],
    ["invalid-response", {}, "upstream_invalid", undefined],
    ["timeout", {}, "upstream_timeout", undefined],
    ["timeout", { busyWith: "sending a message" }, "upstream_timeout", 10],
    ["network", {}, "upstream_unavailable", 5],
    ["overloaded", {}, "upstream_unavailable", 1],
    ["circuit-open", { retryAfterMs: 29_001 }, "upstream_unavailable", 30],
    ["circuit-open", { retryAfterMs: 0 }, "upstream_unavailable", 1],
    ["circuit-open", {}, "upstream_unavailable", 1],
    ["aborted", {}, "client_closed_request", undefined],
  ] as const)("makes Robin's %s %o %s, and tells nothing that Robin said", (kind, more, code, retryAfterSeconds) => {
    const thrown = robinError(kind, more);
    const error = toAppError(thrown);
    expect(error).toMatchObject({ code, retryAfterSeconds, cause: thrown });
    expect(JSON.stringify(errorBody(error, "id"))).not.toMatch(/10\.1|8090|hunter2|mimecast|client\//);
  });

  it("blames the gateway's credentials, not the caller, for a 401 and a 403 of Robin", () => {
    for (const status of [401, 403]) {
      const error = toAppError(robinError("http", { status }));
      expect(error.httpStatus).toBe(502);
      expect(error.publicMessage).toContain("credentials");
    }
    expect(toAppError(robinError("http", { status: 404 })).publicMessage).not.toContain("credentials");
  });

  it("makes an argument that Robin would misread the caller's mistake, by field, with what is wrong with it", () => {
    const error = toAppError(new RobinInputError("rcpt.0", "must not contain a comma"));
    expect(error).toMatchObject({
      code: "invalid_input",
      issues: [{ path: "rcpt.0", message: "must not contain a comma" }],
    });
  });

  it.each([
    ["a refused connection", { code: "ECONNREFUSED" }],
    ["a cause further in", { cause: { cause: { code: "57P01" } } }],
  ])("makes a database that is away unavailable: %s", (_name, fields) => {
    const thrown = Object.assign(new Error(secret), fields);
    const error = toAppError(thrown);
    expect(error.publicMessage).not.toContain("hunter2");
    expect(error).toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
  });

  it("takes over the issues of a refused input, with paths in dots", () => {
    const schema = z.strictObject({ uids: z.array(z.string()), limit: z.number() });
    const { error: cause } = schema.safeParse({ uids: ["a", 7], limit: "x", more: 1 });
    const error = toAppError(new TRPCError({ code: "BAD_REQUEST", cause }));
    expect(error.code).toBe("invalid_input");
    expect(error.issues?.map(({ path }) => path)).toEqual(["uids.1", "limit", ""]);
  });

  it("makes a refused output a defect, and keeps its issues for the log", () => {
    const { error: cause } = z.object({ password: z.string() }).safeParse({});
    const error = toAppError(
      new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: "Output validation failed", cause }),
    );
    expect(error).toMatchObject({ code: "internal", issues: undefined });
    expect(error.publicMessage).not.toContain("password");
  });

  it.each([
    ["UNAUTHORIZED", "unauthenticated"],
    ["FORBIDDEN", "forbidden"],
    ["NOT_FOUND", "not_found"],
    ["METHOD_NOT_SUPPORTED", "method_not_allowed"],
    ["CONFLICT", "conflict"],
    ["PRECONDITION_FAILED", "precondition_failed"],
    ["PAYLOAD_TOO_LARGE", "payload_too_large"],
    ["UNSUPPORTED_MEDIA_TYPE", "unsupported_media_type"],
    ["TOO_MANY_REQUESTS", "rate_limited"],
    ["CLIENT_CLOSED_REQUEST", "client_closed_request"],
    ["BAD_REQUEST", "invalid_input"],
    ["PARSE_ERROR", "invalid_input"],
    ["INTERNAL_SERVER_ERROR", "internal"],
    ["UNPROCESSABLE_CONTENT", "internal"],
    ["NOT_IMPLEMENTED", "not_implemented"],
  ] as const)("makes tRPC's %s %s", (code, appCode) => {
    expect(toAppError(new TRPCError({ code })).code).toBe(appCode);
  });

  it("does not quote what a parser said about the input", () => {
    const cause = new SyntaxError(`Unexpected token 'h', "${secret}" is not valid JSON`);
    for (const code of ["BAD_REQUEST", "PARSE_ERROR"] as const) {
      expect(toAppError(new TRPCError({ code, message: cause.message, cause })).publicMessage).not.toContain("hunter2");
    }
  });

  it.each([new TypeError(secret), secret, undefined, null, 7, { message: secret }, Object.create(null) as unknown])(
    "makes anything else internal with a fixed text: %o",
    (thrown) => {
      const error = toAppError(thrown);
      expect(error).toMatchObject({ code: "internal", httpStatus: 500, cause: thrown });
      expect(error.publicMessage).toBe(
        "Something went wrong in the gateway. The request id leads to the cause in its log.",
      );
    },
  );

  it("ends for causes that form a circle", () => {
    const circular: { cause?: unknown } = new Error(secret);
    circular.cause = circular;
    expect(toAppError(circular).code).toBe("internal");
  });
});

describe("errorCatalogue", () => {
  it("gives each code a status that fits its tRPC code, and words without line breaks", () => {
    for (const [code, { httpStatus, reason, when }] of Object.entries(errorCatalogue)) {
      expect(code).toMatch(/^[a-z_]+$/);
      expect(httpStatus).toBeGreaterThanOrEqual(400);
      expect(`${reason} ${when}`).toMatch(/^[ -~]+$/);
    }
  });
});

describe("errorBody", () => {
  it("has no issues where there are none, and never null", () => {
    const body = errorBody(new AppError("not_found", "Nothing."), "id");
    expect(Object.keys(body)).toEqual(["error", "code", "message", "requestId"]);
    expect(
      errorBody(new AppError("invalid_input", "No.", { issues: [{ path: "a", message: "b" }] }), "id").issues,
    ).toEqual([{ path: "a", message: "b" }]);
  });
});

describe("isUpstreamFailure", () => {
  it.each([
    ["timeout", {}, true],
    ["network", {}, true],
    ["overloaded", {}, true],
    ["circuit-open", {}, true],
    ["invalid-response", {}, true],
    ["http", { status: 500 }, true],
    ["http", { status: 401 }, false],
    ["http", { status: 404 }, false],
    ["aborted", {}, false],
  ] as const)("tells of Robin's %s %o whether what was known before is the best there is", (kind, more, isFailure) => {
    expect(isUpstreamFailure(robinError(kind, more))).toBe(isFailure);
    expect(isUpstreamFailure(toAppError(robinError(kind, more)))).toBe(isFailure);
  });

  it("is not what the gateway itself fails at", () => {
    expect(isUpstreamFailure(new Error("a defect"))).toBe(false);
    expect(isUpstreamFailure(new AppError("not_found", "Gone."))).toBe(false);
  });
});
