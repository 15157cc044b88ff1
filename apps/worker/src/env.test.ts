import { describe, expect, it } from "vitest";
import { EnvironmentError, envNames, readEnv } from "./env.ts";

const DATABASE_URL = "postgresql://robin:hidden-word@db.example:5432/robin";
const robin = { ROBIN_CLIENT_API_URL: "http://robin:8090", ROBIN_SERVICE_API_URL: "http://robin:8080" };

function failure(source: NodeJS.ProcessEnv): string {
  try {
    readEnv(source);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message;
  }
  return "";
}

describe("the worker's environment", () => {
  it("needs only a database and Robin", () => {
    expect(readEnv({ DATABASE_URL, ...robin })).toEqual({
      DATABASE_URL,
      ...robin,
      WEBHOOK_ALLOW_PRIVATE: false,
      METRICS_SAMPLE_SECONDS: 15,
      QUEUE_POLL_SECONDS: 5,
      QUEUE_POLL_SHARE: 10,
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
      ROBIN_CLIENT_API_URL: "hidden-word",
      ROBIN_SERVICE_API_URL: "ftp://hidden-word",
      ROBIN_CLIENT_API_AUTH: "hidden-word",
      ROBIN_SERVICE_API_AUTH: "basic hidden-word",
      WEBHOOK_ALLOW_PRIVATE: "hidden-word",
      METRICS_SAMPLE_SECONDS: "hidden-word",
      QUEUE_POLL_SECONDS: "hidden-word",
      QUEUE_POLL_SHARE: "hidden-word",
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
      // Any text may be the name of a folder.
    ).toEqual(envNames.filter((name) => name !== "ROBIN_CONFIG_DIR"));
    expect(message).not.toContain("hidden-word");
  });

  it("says that the database is missing, also when a compose file passes it on empty", () => {
    expect(failure({})).toContain("DATABASE_URL: is missing");
    expect(failure({ DATABASE_URL: "", REDIS_URL: "" })).toContain("DATABASE_URL: is missing");
  });

  it("takes the former gateway's names", () => {
    const urls = { ROBIN_CLIENT_URL: "http://old:8090", ROBIN_SERVICE_URL: "http://old:8080/" };
    const former = {
      ...urls,
      DB_HOST: "db",
      DB_NAME: "mail",
      DB_USER: "me",
      DB_PASSWORD: "p@ss/word",
      REDIS_HOST: "cache",
    };
    expect(readEnv(former)).toMatchObject({
      DATABASE_URL: "postgresql://me:p%40ss%2Fword@db:5432/mail",
      REDIS_URL: "redis://cache:6379",
      ROBIN_CLIENT_API_URL: "http://old:8090",
      ROBIN_SERVICE_API_URL: "http://old:8080",
    });
    expect(readEnv({ ...former, REDIS_PORT: "6380", REDIS_PASSWORD: "p@ss" }).REDIS_URL).toBe(
      "redis://:p%40ss@cache:6380",
    );
  });

  it("prefers the present names to the former ones", () => {
    const both = {
      ...robin,
      ROBIN_CLIENT_URL: "http://old",
      DATABASE_URL,
      DB_HOST: "old",
      REDIS_URL: "rediss://new:6379",
      REDIS_HOST: "old",
    };
    expect(readEnv(both)).toMatchObject({ ...robin, DATABASE_URL, REDIS_URL: "rediss://new:6379" });
  });

  it("takes the log level in any case", () => {
    expect(readEnv({ DATABASE_URL, ...robin, LOG_LEVEL: "WARN" }).LOG_LEVEL).toBe("warn");
  });

  it("takes only times between samples that go into the steps of a series", () => {
    const seconds = (METRICS_SAMPLE_SECONDS: string) => readEnv({ DATABASE_URL, ...robin, METRICS_SAMPLE_SECONDS });
    expect(seconds("5").METRICS_SAMPLE_SECONDS).toBe(5);
    for (const bad of ["0", "10", "61", "1.5", "-15"]) {
      expect(() => seconds(bad)).toThrow("METRICS_SAMPLE_SECONDS: must be one of 1, 3, 5, 15, 30, 60");
    }
  });

  it("reads Robin's credentials", () => {
    const env = readEnv({ DATABASE_URL, ...robin, ROBIN_SERVICE_API_AUTH: "basic admin:s3:cret" });
    expect(env.ROBIN_SERVICE_API_AUTH).toEqual({ type: "basic", username: "admin", password: "s3:cret" });
  });
});
