import { describe, expect, it } from "vitest";
import { isDatabaseUnavailable } from "./errors.ts";
import { Prisma } from "./generated/client.ts";

const known = (code: string, meta?: Record<string, unknown>) =>
  new Prisma.PrismaClientKnownRequestError("message", { code, clientVersion: "7", ...(meta && { meta }) });
const withCode = (code: string) => Object.assign(new Error("message"), { code });

describe("isDatabaseUnavailable", () => {
  it.each([
    ["Prisma cannot connect", new Prisma.PrismaClientInitializationError("message", "7")],
    ["the server closed the connection", known("P1017")],
    ["no connection came free", known("P2024")],
    ["no transaction could begin", known("P2028")],
    ["the socket was refused", withCode("ECONNREFUSED")],
    ["the server shuts down", withCode("57P01")],
    ["it has too many connections", withCode("53300")],
    ["the driver's error is the cause", new Error("message", { cause: withCode("ECONNRESET") })],
    ["the driver's error is in meta", known("P2010", { driverAdapterError: { cause: { originalCode: "57P03" } } })],
    ["a running statement lost its connection", new Error("Connection terminated unexpectedly")],
    ["a connection took too long", new Error("timeout exceeded when trying to connect")],
  ])("is true when %s", (_when, error) => {
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it.each([
    ["a row is missing", known("P2025")],
    ["a value is taken", known("P2002", { driverAdapterError: { cause: { originalCode: "23505" } } })],
    ["text has a NUL", withCode("22021")],
    ["it is a defect", new TypeError("x is not a function")],
    ["it is no error", "ECONNREFUSED"],
    ["there is none", undefined],
  ])("is false when %s", (_when, error) => {
    expect(isDatabaseUnavailable(error)).toBe(false);
  });

  it("is false, and ends, for an error that is its own cause", () => {
    const error: Error & { cause?: unknown } = new Error("message");
    error.cause = error;
    expect(isDatabaseUnavailable(error)).toBe(false);
  });
});
