import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";

const secretFields = ["password", "passwordHash", "mailPasswordHash", "token", "tokenHash", "authorization"];

/** JSON lines for machines or coloured ones for people, to standard output. Secrets are cut out wherever they are logged. */
export function createLogger(
  { level, format }: { level: string; format: "json" | "pretty" },
  sink: DestinationStream = pino.destination({ sync: true }),
): Logger {
  const options = {
    name: "worker",
    level,
    redact: {
      paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: "[redacted]",
    },
  };
  return format === "pretty" ? pino(options, pretty({ ignore: "pid,hostname", sync: true })) : pino(options, sink);
}
