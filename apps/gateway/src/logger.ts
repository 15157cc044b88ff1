import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import { createLogOutput } from "./log-output.ts";

const secretFields = [
  "password",
  "currentPassword",
  "newPassword",
  "passwordHash",
  "mailPasswordHash",
  "token",
  "accessToken",
  "refreshToken",
  "authorization",
  "x-api-key",
  "key",
  "keyHash",
  "cookie",
  "set-cookie",
];

/**
 * JSON lines for machines or coloured ones for people. Secrets are cut out wherever they are logged.
 * @param destination standard output by default; JSON goes there in pieces, see `createLogOutput`.
 */
export function createLogger(
  { level, format }: { level: string; format: "json" | "pretty" },
  destination?: DestinationStream,
): Logger {
  const options = {
    level,
    redact: {
      paths: secretFields.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
      censor: "[redacted]",
    },
  };
  if (format === "pretty") {
    return pino(options, pretty({ ignore: "pid,hostname", sync: true, ...(destination && { destination }) }));
  }
  return pino(options, destination ?? createLogOutput());
}
