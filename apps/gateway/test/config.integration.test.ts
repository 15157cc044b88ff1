import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

const reloading = `{ propertiesAutoReload: { enabled: true }, serverAutoReload: { enabled: true } }`;
const files = {
  "properties.json5": reloading,
  "server.json5": `{ hostname: "robin.test", keystorepassword: "hunter2", api: { port: 8090, authValue: "hunter2" } }`,
  "storage.json5": `{ enabled: true, path: "/var/mail" }`,
  "users.json5": `{ listEnabled: true, list: [{ name: "tony@example.com", pass: "hunter2" }] }`,
  "dovecot.json5": `{ authSql: { enabled: true, jdbcUrl: "jdbc:postgresql://robin:hunter2@db/mail", password: "" } }`,
};

let gateway: TestGateway;
let admin: SignedIn;
beforeEach(async () => {
  gateway = await startTestGateway({ simulator: { items: 0, config: { files } } });
  admin = await gateway.signIn("ROLE_ADMIN");
});
afterEach(() => gateway.close());

const get = (path: string, { token } = admin) => gateway.request(`/api/v1/config${path}`, { token });
const reload = ({ token } = admin) => gateway.request("/api/v1/config/reload", { method: "POST", token });

describe("GET /api/v1/config", () => {
  it("200 with the names of the sections, on the drop-in path as well", async () => {
    const answer = await get("");
    expect(answer.status).toBe(200);
    const { sections } = answer.body as { sections: { name: string }[] };
    expect(sections.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["properties", "server", "storage", "users"]),
    );
    expect((await gateway.request("/config", { token: admin.token })).body).toEqual(answer.body);
  });
});

describe("GET /api/v1/config/{section}", () => {
  it("200 with what Robin has in force", async () => {
    expect((await get("/storage")).body).toEqual({
      enabled: true,
      path: "/var/mail",
      _meta: {
        section: "storage",
        title: "Storage",
        source: "robin",
        obstacles: [
          "This gateway cannot change Robin's files: mount Robin's configuration folder and set ROBIN_CONFIG_DIR.",
        ],
        inForceKnown: true,
        notInForce: [],
      },
    });
    expect((await get("/Storage")).body).toEqual((await get("/storage")).body);
    expect((await gateway.request("/config/storage", { token: admin.token })).body).toEqual(
      (await get("/storage")).body,
    );
  });

  it("200 with every secret masked, in every section", async () => {
    const { sections } = (await get("")).body as { sections: { name: string }[] };
    for (const { name } of sections) {
      const answer = await get(`/${name}`);
      expect(answer.status, name).toBe(200);
      expect(answer.text, name).not.toContain("hunter2");
    }
    expect((await get("/users")).text).toContain('"pass":"********"');
    expect((await get("/users")).text).toContain("tony@example.com");
  });

  it.each(["webhooks", "nothing"])("404 for %s, which this Robin does not have", async (section) => {
    expectError(await get(`/${section}`), 404, "not_found");
  });

  it.each(["..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "a b", "x".repeat(51)])(
    "400 or 404 for %s, and Robin is not asked",
    async (section) => {
      const before = gateway.simulator.requests.length;
      expect([400, 404]).toContain((await get(`/${section}`)).status);
      expect(gateway.simulator.requests.length).toBe(before);
    },
  );

  it("502 when Robin cannot show its configuration", async () => {
    gateway.simulator.faults.set({ port: "service", route: "/config", fault: { kind: "status", status: 500 } });
    expectError(await get("/storage"), 502, "upstream_rejected");
  });
});

describe("POST /api/v1/config/reload", () => {
  it("200 with the sections that are others now", async () => {
    gateway.simulator.config.write("storage.json5", `{ enabled: true, path: "/elsewhere" }`);
    expect((await reload()).body).toMatchObject({ reloaded: true, changed: ["storage"] });
    expect((await get("/storage")).text).toContain("/elsewhere");
    expect((await reload()).body).toMatchObject({ reloaded: true, changed: [] });
  });

  it("200 with reloaded false when Robin's properties switch it off, although Robin says OK", async () => {
    const other = await startTestGateway({
      simulator: { items: 0, config: { files: { ...files, "properties.json5": "{}" } } },
    });
    const { token } = await other.signIn("ROLE_ADMIN");
    other.simulator.config.write("storage.json5", `{ path: "/elsewhere" }`);
    const answer = await other.request("/api/v1/config/reload", { method: "POST", token });
    expect(answer.body).toMatchObject({ reloaded: false, changed: [] });
    await other.close();
  });

  it("403 for an operator, who may read it", async () => {
    const operator = await gateway.signIn("ROLE_OPERATOR");
    expect((await get("/storage", operator)).status).toBe(200);
    expectError(await reload(operator), 403, "forbidden");
  });
});

describe("GET /api/v1/config/sync", () => {
  it("200 with instants, and what was never is absent", async () => {
    expect((await get("/sync")).body).toEqual({ enabled: false, appliedFiles: [], skippedFiles: [] });
    gateway.simulator.config.setSyncStatus({
      enabled: true,
      lastAttemptEpochMillis: 1_790_000_000_000,
      lastSuccessEpochMillis: 0,
      lastError: "no route",
      appliedFiles: ["storage.json5"],
      skippedFiles: ["relay.json5 (no change)"],
    });
    expect((await get("/sync")).body).toEqual({
      enabled: true,
      lastAttemptAt: new Date(1_790_000_000_000).toISOString(),
      lastError: "no route",
      appliedFiles: ["storage.json5"],
      skippedFiles: [{ name: "relay.json5", reason: "no change" }],
    });
  });
});
