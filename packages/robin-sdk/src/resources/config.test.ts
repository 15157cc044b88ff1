import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError } from "../index.ts";
import { createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";
import { parseConfigPage } from "./config.html.ts";

describe("config", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({ items: 0 });
    client = createTestClient(simulator.clientUrl, { serviceApi: { url: simulator.serviceUrl } });
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  it("names every section, in Robin's order, on a connection of its own", async () => {
    const sections = await client.config.sections();
    expect(sections.map(({ name }) => name)).toEqual([
      "properties",
      "server",
      "storage",
      "queue",
      "relay",
      "dovecot",
      "prometheus",
      "clamav",
      "rspamd",
      "users",
    ]);
    expect(sections.find(({ name }) => name === "clamav")?.title).toBe("ClamAV");
    expect(simulator.requests.at(-1)?.headers).toMatchObject({ connection: "close", accept: "text/html" });
  });

  it("trap 9: reads the numbers, which all look like 25.0 or 1.02424E7", async () => {
    const server = (await client.config.sections()).find(({ name }) => name === "server");
    expect(server?.values).toMatchObject({ smtpPort: 25, smtpConfig: { emailSizeLimit: 10_242_400 } });
  });

  it("trap 40: undoes both layers of escapes; secrets are in clear", async () => {
    const sections = await client.config.sections();
    const values = (wanted: string) => sections.find(({ name }) => name === wanted)?.values;
    expect(values("dovecot")).toMatchObject({ authSql: { password: "o'Malley & <sons>" } });
    expect(values("server")).toMatchObject({ keystorepassword: "avengers" });
  });

  it("trap 40: the server section may hold the other files, or not", async () => {
    const server = async () => (await client.config.sections()).find(({ name }) => name === "server")?.values ?? {};
    await server();
    expect(await server()).toHaveProperty("users");
    await client.config.reload();
    expect(await server()).not.toHaveProperty("users");
  });

  it("trap 41: a reload resolves for a broken file, and only the sections tell", async () => {
    simulator.config.write("storage.json5", "{ enabled: ");
    await client.config.reload();
    expect(simulator.requests.at(-1)).toMatchObject({ method: "POST", target: "/config/reload" });
    const error = await rejection(client.config.sections(), isRobinError);
    expect(error).toMatchObject({ kind: "http", status: 500, endpoint: "/config", detail: "Internal Server Error" });
    expect((await client.config.sections()).map(({ name }) => name)).not.toContain("storage");
  });

  it("a failed reload is an http error with Robin's words", async () => {
    const body = '{"status":"ERROR", "message":"Failed to reload configuration: x"}';
    simulator.faults.set({ port: "service", route: "/config/reload", fault: { kind: "status", status: 500, body } });
    const error = await rejection(client.config.reload(), isRobinError);
    expect(error).toMatchObject({ kind: "http", status: 500 });
  });

  it("the sync status has instants, and reasons apart from names", async () => {
    expect(await client.config.syncStatus()).toEqual({ enabled: false, appliedFiles: [], skippedFiles: [] });
    simulator.config.setSyncStatus({
      enabled: true,
      lastAttemptEpochMillis: 1_795_410_182_123,
      lastSuccessEpochMillis: 0,
      lastError: "refused",
      appliedFiles: ["a.json5"],
      skippedFiles: ["b.json5 (no change)", "odd"],
    });
    expect(await client.config.syncStatus()).toEqual({
      enabled: true,
      lastAttemptAt: new Date(1_795_410_182_123),
      lastError: "refused",
      appliedFiles: ["a.json5"],
      skippedFiles: [{ name: "b.json5", reason: "no change" }, { name: "odd" }],
    });
    simulator.config.setSyncStatus({
      enabled: true,
      lastAttemptEpochMillis: 5_000,
      lastSuccessEpochMillis: 5_000,
      appliedFiles: [],
      skippedFiles: [],
    });
    expect(await client.config.syncStatus()).toMatchObject({ lastSuccessAt: new Date(5_000) });
  });

  it("trap 1: the landing page is no configuration", async () => {
    simulator.faults.set({ port: "service", route: "/config", fault: { kind: "html" } });
    expect(await rejection(client.config.sections(), isRobinError)).toMatchObject({ kind: "invalid-response" });
  });

  it.each([
    "<h1>Configuration Viewer</h1>",
    "<h1>Configuration Viewer</h1><h2>Server Configuration</h2><pre>{}</pre>",
    "<h1>Configuration Viewer</h1><h2>Server Configuration</h2><pre>{</pre>",
    "<h1>Configuration Viewer</h1><pre>{}</pre>",
    "<h1>Configuration Viewer</h1><h2>Properties</h2><pre>{}</pre><h2>Server</h2><pre>[]</pre>",
  ])("refuses the page %j", (page) => {
    expect(() => parseConfigPage(page)).toThrow();
  });
});
