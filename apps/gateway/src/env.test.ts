import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { EnvironmentError, readEnv } from "./env.ts";

const enough = {
  DATABASE_URL: "postgresql://robin:secret@db:5432/robin",
  ROBIN_CLIENT_API_URL: "http://robin:8090/",
  ROBIN_SERVICE_API_URL: "http://robin:8080",
  JWT_SECRET: "0123456789abcdef0123456789abcdef",
};

function problemsOf(source: NodeJS.ProcessEnv): string {
  try {
    readEnv(source);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message;
    throw error;
  }
  return "";
}

describe("readEnv", () => {
  it("takes the defaults of the design when only what is needed is set", () => {
    expect(readEnv(enough)).toMatchObject({
      PORT: 8000,
      HOST: "0.0.0.0",
      ROBIN_CLIENT_API_URL: "http://robin:8090",
      ROBIN_MAX_CONNECTIONS: 8,
      ROBIN_MAX_WAITING: 256,
      JWT_ALGORITHM: "HS256",
      ACCESS_TOKEN_EXPIRE_MINUTES: 30,
      REFRESH_TOKEN_EXPIRE_DAYS: 7,
      ADMIN_USERNAME: "admin@robin.local",
      CIRCUIT_BREAKER_FAILURE_THRESHOLD: 5,
      CIRCUIT_BREAKER_TIMEOUT_SECONDS: 30,
      REQUEST_TIMEOUT_SECONDS: 10,
      BODY_LIMIT: 1024 ** 2,
      RATE_LIMIT_ENABLED: true,
      RATE_LIMIT_PER_MINUTE: 100,
      RATE_LIMIT_USER_PER_MINUTE: 600,
      RATE_LIMIT_QUEUE_PER_MINUTE: 100,
      RATE_LIMIT_LOGIN_PER_MINUTE: 5,
      RATE_LIMIT_LOGIN_ADDRESS_PER_MINUTE: 30,
      CORS_ORIGINS: [],
      WEBHOOK_ALLOW_PRIVATE: false,
      TRUST_PROXY: false,
      LOG_LEVEL: "info",
      LOG_FORMAT: "json",
    });
  });

  it("names every missing variable in one message", () => {
    const message = problemsOf({});
    for (const name of Object.keys(enough)) expect(message).toContain(`${name}: is missing`);
  });

  it("names every bad variable and never shows a value", () => {
    const bad = {
      ...enough,
      PORT: "http-please",
      DATABASE_URL: "mysql://root:hunter2@db/robin",
      REDIS_URL: "http://hunter2",
      RATE_LIMIT_PER_MINUTE: "0",
      ROBIN_CLIENT_API_URL: "robin-host:8090",
      ROBIN_SERVICE_API_AUTH: "digest hunter2",
      JWT_SECRET: "hunter2",
      JWT_ALGORITHM: "hunter2",
      ADMIN_PASSWORD: "hunter2",
      METRICS_TOKEN: "hunter2",
      BODY_LIMIT: "hunter2",
      LOG_FORMAT: "hunter2",
    };
    const message = problemsOf(bad);
    for (const name of Object.keys(bad).filter((key) => key !== "ROBIN_SERVICE_API_URL"))
      expect(message).toContain(`${name}: `);
    expect(message).not.toContain("hunter2");
    expect(message).not.toContain("http-please");
    expect(message).not.toContain("robin-host");
  });

  it.each(["UTC", "Europe/Berlin", "+02:00", "-0330"])("takes %s for a time zone", (zone) => {
    expect(readEnv({ ...enough, ROBIN_TIME_ZONE: zone }).ROBIN_TIME_ZONE).toBe(zone);
  });

  it.each(["Mars/Olympus", "2", "+25:00", "UTC+2", "Europe/Berlin "])("refuses %j as a time zone", (zone) => {
    expect(problemsOf({ ...enough, ROBIN_TIME_ZONE: zone })).toBe(
      "The gateway cannot start with this environment:\n  ROBIN_TIME_ZONE: must be the name of a time zone, such as Europe/Berlin, or an offset, such as +02:00",
    );
  });

  it("takes an empty variable for an unset one, as compose files pass them", () => {
    expect(readEnv({ ...enough, PORT: "", ROBIN_CLIENT_API_AUTH: "", ADMIN_PASSWORD: "" })).toMatchObject({
      PORT: 8000,
    });
    expect(problemsOf({ ...enough, JWT_SECRET: "" })).toContain("JWT_SECRET: is missing");
  });

  it("reads basic credentials with a colon in the password, and bearer tokens", () => {
    const env = readEnv({
      ...enough,
      ROBIN_CLIENT_API_AUTH: "basic robin:a:b",
      ROBIN_SERVICE_API_AUTH: "Bearer  t.o-k",
    });
    expect(env.ROBIN_CLIENT_API_AUTH).toEqual({ type: "basic", username: "robin", password: "a:b" });
    expect(env.ROBIN_SERVICE_API_AUTH).toEqual({ type: "bearer", token: "t.o-k" });
  });

  it("splits lists and reads sizes, flags and proxies", () => {
    const secrets = ["n".repeat(32), "o".repeat(32)];
    const env = readEnv({
      ...enough,
      JWT_SECRET: secrets.join(", "),
      CORS_ORIGINS: "https://ui.example.com, http://localhost:4200",
      BODY_LIMIT: "512kb",
      CORS_ALLOW_CREDENTIALS: "false",
      TRUST_PROXY: "2",
      LOG_LEVEL: "WARN",
    });
    expect(env).toMatchObject({
      JWT_SECRET: secrets,
      CORS_ORIGINS: ["https://ui.example.com", "http://localhost:4200"],
      BODY_LIMIT: 512 * 1024,
      CORS_ALLOW_CREDENTIALS: false,
      TRUST_PROXY: 2,
      LOG_LEVEL: "warn",
    });
    expect(readEnv({ ...enough, TRUST_PROXY: "loopback" }).TRUST_PROXY).toBe("loopback");
  });

  it("reads the addresses of scanners", () => {
    const env = readEnv({
      ...enough,
      CLAMAV_ADDRESS: "clamav:3310",
      SCANNER_TEST_TARGETS: "[fd00::1]:3310, 10.0.0.7:11333",
    });
    expect(env.CLAMAV_ADDRESS).toEqual({ host: "clamav", port: 3310 });
    expect(env.SCANNER_TEST_TARGETS).toEqual([
      { host: "fd00::1", port: 3310 },
      { host: "10.0.0.7", port: 11333 },
    ]);
    expect(readEnv(enough).SCANNER_TEST_TARGETS).toEqual([]);
  });

  it.each(["clamav", "clamav:0", "clamav:65536", ":3310", "fd00::1:3310", "a b:1", "http://clamav:3310"])(
    "refuses %j as an address",
    (text) => {
      const problem = ": must be a host and a port, such as clamav:3310";
      expect(problemsOf({ ...enough, RSPAMD_ADDRESS: text })).toContain(`RSPAMD_ADDRESS${problem}`);
      expect(problemsOf({ ...enough, SCANNER_TEST_TARGETS: `a:1,${text}` })).toContain(
        `SCANNER_TEST_TARGETS${problem}`,
      );
    },
  );

  it("takes a folder with an index.html for the UI's, and no other", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "ui-"));
    expect(problemsOf({ ...enough, UI_DIST_DIR: folder })).toContain("UI_DIST_DIR: must be the folder of a built UI");
    await writeFile(path.join(folder, "index.html"), "");
    expect(readEnv({ ...enough, UI_DIST_DIR: path.relative(".", folder) }).UI_DIST_DIR).toBe(folder);
    await rm(folder, { recursive: true });
  });

  it("accepts the names that the former gateway's compose file sets", () => {
    const env = readEnv({
      JWT_SECRET: enough.JWT_SECRET,
      DB_HOST: "postgres",
      DB_PORT: "5433",
      DB_NAME: "mail",
      DB_USER: "robin",
      DB_PASSWORD: "p@ss/word",
      ROBIN_CLIENT_URL: "http://robin:8090",
      ROBIN_SERVICE_URL: "http://robin:8080",
      ROBIN_CONFIG_PATH: "/cfg",
      REDIS_HOST: "redis",
      REDIS_PORT: "",
    });
    expect(env.DATABASE_URL).toBe("postgresql://robin:p%40ss%2Fword@postgres:5433/mail");
    expect(env).toMatchObject({
      ROBIN_CLIENT_API_URL: "http://robin:8090",
      ROBIN_SERVICE_API_URL: "http://robin:8080",
      ROBIN_CONFIG_DIR: "/cfg",
      REDIS_URL: "redis://redis:6379",
    });
  });

  it("prefers the new name where both are set", () => {
    expect(readEnv({ ...enough, DB_HOST: "old", ROBIN_CLIENT_URL: "http://old:1" })).toMatchObject({
      DATABASE_URL: enough.DATABASE_URL,
      ROBIN_CLIENT_API_URL: "http://robin:8090",
    });
  });
});
