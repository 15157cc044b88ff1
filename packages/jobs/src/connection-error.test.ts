import { expect, it } from "vitest";
import { isConnectionError } from "./connection-error.ts";

const withCode = (code: string) => Object.assign(new Error("failed"), { code });

it.each([
  withCode("ECONNREFUSED"),
  withCode("57P01"),
  withCode("57P03"),
  withCode("53300"),
  new Error("Connection terminated unexpectedly"),
  new Error("Connection is closed."),
  new Error("Command timed out"),
  new Error("timeout exceeded when trying to connect"),
  new Error("Stream isn't writeable and enableOfflineQueue options is false"),
])("takes $message $code for the connection's failure", (error) => {
  expect(isConnectionError(error)).toBe(true);
});

it.each([withCode("42P01"), withCode("23505"), new Error("ERR unknown command"), "text"])(
  "takes %s for something else",
  (error) => {
    expect(isConnectionError(error)).toBe(false);
  },
);
