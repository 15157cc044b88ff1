import { expect, it } from "vitest";
import { JobsUnavailableError, waitUntilUp } from "./wait-until-up.ts";

const url = "redis://user:hidden-word@queue.example:6379";

function failure(code: string): Error {
  return Object.assign(new Error(`failed with ${url}`), { code });
}

it("repeats while the server is starting up", async () => {
  let attempts = 0;
  const attempt = () => {
    attempts += 1;
    return attempts < 3 ? Promise.reject(failure("ECONNREFUSED")) : Promise.resolve("connected");
  };
  await expect(waitUntilUp(attempt, { service: "Redis", url, waitMs: 5000 })).resolves.toBe("connected");
  expect(attempts).toBe(3);
});

it("gives up after its limit with one sentence that holds no password", async () => {
  const attempt = () => Promise.reject(failure("ECONNREFUSED"));
  const error: unknown = await waitUntilUp(attempt, { service: "Redis", url, waitMs: 0 }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(JobsUnavailableError);
  expect((error as Error).message).toBe("Redis at queue.example:6379 cannot be reached: nothing listens there.");
  expect((error as Error).cause).toBeUndefined();
});

it.each([
  ["28P01", "user or password is wrong"],
  ["42501", "42501"],
])("does not wait when the server refuses us with %s", async (code, reason) => {
  let attempts = 0;
  const attempt = () => {
    attempts += 1;
    return Promise.reject(failure(code));
  };
  const waiting = waitUntilUp(attempt, { service: "The database", url: `${url}/robin`, waitMs: 60_000 });
  await expect(waiting).rejects.toThrow(`The database at queue.example:6379/robin cannot be reached: ${reason}.`);
  expect(attempts).toBe(1);
});

it.each([
  ["Connection timeout expired", "no answer in time"],
  ["WRONGPASS invalid username-password pair", "user or password is wrong"],
])("understands the message %s", async (message, reason) => {
  const waiting = waitUntilUp(() => Promise.reject(new Error(message)), { service: "Redis", url, waitMs: 0 });
  await expect(waiting).rejects.toThrow(`cannot be reached: ${reason}.`);
});

it("names an error without a code by its class", async () => {
  const attempt = () => Promise.reject(new RangeError("out of words"));
  await expect(waitUntilUp(attempt, { service: "Redis", url, waitMs: 1000 })).rejects.toThrow("RangeError");
});
