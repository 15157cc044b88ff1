import { describe, expect, it } from "vitest";
import { EnvironmentError, envNames, readEnv } from "./env.ts";

const DATABASE_URL = "postgresql://robin:hidden-word@db.example:5432/robin";

function failure(source: NodeJS.ProcessEnv): string {
  try {
    readEnv(source);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message;
  }
  return "";
}

describe("the worker's environment", () => {
  it("needs only a database", () => {
    expect(readEnv({ DATABASE_URL })).toEqual({
      DATABASE_URL,
      WORKER_HEALTH_PORT: 8001,
      SHUTDOWN_SECONDS: 10,
      LOG_LEVEL: "info",
      LOG_FORMAT: "json",
    });
  });

  it("names every problem at once and no value", () => {
    const bad = {
      DATABASE_URL: "mysql://robin:hidden-word@db/robin",
      REDIS_URL: "http://hidden-word",
      WORKER_HEALTH_PORT: "hidden-word",
      SHUTDOWN_SECONDS: "hidden-word",
      LOG_LEVEL: "hidden-word",
      LOG_FORMAT: "hidden-word",
    };
    const message = failure(bad);
    expect(
      message
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(":")[0]),
    ).toEqual(envNames);
    expect(message).not.toContain("hidden-word");
  });

  it("says that the database is missing, also when a compose file passes it on empty", () => {
    expect(failure({})).toContain("DATABASE_URL: is missing");
    expect(failure({ DATABASE_URL: "", REDIS_URL: "" })).toContain("DATABASE_URL: is missing");
  });

  it("takes the former gateway's names", () => {
    const former = { DB_HOST: "db", DB_NAME: "mail", DB_USER: "me", DB_PASSWORD: "p@ss/word", REDIS_HOST: "cache" };
    expect(readEnv(former)).toMatchObject({
      DATABASE_URL: "postgresql://me:p%40ss%2Fword@db:5432/mail",
      REDIS_URL: "redis://cache:6379",
    });
    expect(readEnv({ ...former, REDIS_PORT: "6380", REDIS_PASSWORD: "p@ss" }).REDIS_URL).toBe(
      "redis://:p%40ss@cache:6380",
    );
  });

  it("prefers the present names to the former ones", () => {
    const both = { DATABASE_URL, DB_HOST: "old", REDIS_URL: "rediss://new:6379", REDIS_HOST: "old" };
    expect(readEnv(both)).toMatchObject({ DATABASE_URL, REDIS_URL: "rediss://new:6379" });
  });

  it("takes the log level in any case", () => {
    expect(readEnv({ DATABASE_URL, LOG_LEVEL: "WARN" }).LOG_LEVEL).toBe("warn");
  });
});
