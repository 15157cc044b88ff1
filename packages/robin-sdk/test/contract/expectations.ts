import { expect } from "vitest";
import { isRobinError, isRobinInputError, type RobinError } from "../../src/index.ts";
import { rejection } from "../../src/testing/stand-in.ts";

/** The call is answered with this status; gives the error. */
export async function expectStatus(call: Promise<unknown>, status: number): Promise<RobinError> {
  const error = await rejection(call, isRobinError);
  expect({ kind: error.kind, status: error.status }).toEqual({ kind: "http", status });
  return error;
}

/** The SDK refuses the argument `field` before anything is sent. */
export async function expectRefusal(call: Promise<unknown>, field: string): Promise<void> {
  expect((await rejection(call, isRobinInputError)).field).toBe(field);
}

/** A finished mail whose subject is `subject`, in RFC 5322 form. */
export function mail(subject: string, body = "Hello\r\n"): Buffer<ArrayBuffer> {
  const lines = ["From: a@contract.test", "To: b@contract.test", `Subject: ${subject}`, "", body];
  return Buffer.from(lines.join("\r\n"), "latin1");
}
