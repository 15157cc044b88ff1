import { RobinError, RobinInputError, type RobinErrorKind } from "@robin/sdk";
import { UnrecoverableError } from "bullmq";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { toJobError } from "./job-error.ts";

function robinError(kind: RobinErrorKind, status?: number): RobinError {
  return new RobinError({
    kind,
    status,
    service: "client",
    endpoint: "/client/queue/list",
    message: `failed: ${kind}`,
  });
}

describe("what BullMQ is told about an error", () => {
  it.each([
    ["a payload that does not parse", z.string().safeParse(1).error],
    ["an argument that Robin would misread", new RobinInputError("uid", "is empty")],
    ["a refusal by Robin", robinError("http", 404)],
    ["Robin's credentials", robinError("http", 401)],
    ["an answer that breaks Robin's contract", robinError("invalid-response", 200)],
  ])("%s is not tried again, and is the cause", (_name, error) => {
    const told = toJobError(error);
    expect(told).toBeInstanceOf(UnrecoverableError);
    expect(told.cause).toBe(error);
    expect(told.message).toBe(error?.message);
  });

  it.each([
    robinError("network"),
    robinError("timeout"),
    robinError("circuit-open"),
    robinError("overloaded"),
    robinError("aborted"),
    robinError("http", 500),
    robinError("http", 429),
    robinError("http"),
    new Error("unknown"),
  ])("$message $status is tried again", (error) => {
    expect(toJobError(error)).toBe(error);
  });

  it("makes an error of whatever was thrown", () => {
    expect(toJobError("text")).toEqual(new Error("text"));
  });
});
