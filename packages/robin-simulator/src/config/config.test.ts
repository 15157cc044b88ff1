import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { startSimulator } from "../testing/simulators.ts";

const properties =
  "{ propertiesAutoReload: { enabled: true, delaySeconds: 300 }, serverAutoReload: { enabled: true }, absent: null }";
const files = {
  "properties.json5": properties,
  "server.json5": '{ hostname: "robin.test", emailSizeLimit: 10242400, service: { authValue: "a\'b=<c>&d" } }',
  "storage.json5": "{ enabled: true }",
  "users.json5": "{ list: [ { name: 'tony@example.com', pass: 'stark' } ] }",
};

async function view(robin: RobinSimulator) {
  const answer = await sendRaw(robin.serviceUrl, { target: "/config" });
  const blocks = [...(answer?.body ?? "").matchAll(/<h2>(.*?)<\/h2>\s*<pre[^>]*>([^<]*)<\/pre>/g)];
  const decoded = blocks.map(([, title = "", json = ""]): [string, unknown] => [
    title,
    JSON.parse(json.replaceAll("&quot;", '"')),
  ]);
  return { answer, sections: Object.fromEntries(decoded), titles: decoded.map(([title]) => title) };
}
const reload = (robin: RobinSimulator) => sendRaw(robin.serviceUrl, { method: "POST", target: "/config/reloadX" });

describe("GET /config", () => {
  it("200 with Gson's JSON in HTML: doubles, two layers of escapes, no nulls", async () => {
    const { answer, titles } = await view(await startSimulator({ config: { files } }));
    expect(answer?.headers).toContainEqual(["Content-type", "text/html; charset=utf-8"]);
    expect(answer?.body).toContain("<title>Configuration Viewer</title>");
    expect(answer?.body).toContain(`    <pre id="propertiesConfig">{
  &quot;propertiesAutoReload&quot;: {
    &quot;enabled&quot;: true,
    &quot;delaySeconds&quot;: 300.0
  },
  &quot;serverAutoReload&quot;: {
    &quot;enabled&quot;: true
  }
}</pre>`);
    expect(answer?.body).toContain("&quot;emailSizeLimit&quot;: 1.02424E7,");
    expect(answer?.body).toContain("&quot;authValue&quot;: &quot;a\\u0027b\\u003d\\u003cc\\u003e\\u0026d&quot;");
    expect(titles).toEqual([
      "Properties Configuration",
      "Server Configuration",
      "Storage Configuration",
      "Users Configuration",
    ]);
  });

  it("trap 40: the server section grows by the sections that were used, until a reload", async () => {
    const robin = await startSimulator({ config: { files } });
    const serverKeys = async () => Object.keys((await view(robin)).sections["Server Configuration"] as object);
    const own = ["hostname", "emailSizeLimit", "service"];
    expect(await serverKeys()).toEqual([...own, "storage"]);
    expect(await serverKeys()).toEqual([...own, "storage", "users"]);
    await reload(robin);
    expect(await serverKeys()).toEqual(own);
  });

  it("the shipped files make a page with secrets in clear", async () => {
    const { answer, titles } = await view(await startSimulator());
    expect(titles).toContain("ClamAV Configuration");
    expect(answer?.body).toContain("avengers");
    expect(answer?.body).toContain("o\\u0027Malley \\u0026 \\u003csons\\u003e");
  });

  it("405 for other methods, any path below is the viewer", async () => {
    const { serviceUrl } = await startSimulator();
    expect((await sendRaw(serviceUrl, { method: "PUT", target: "/config/foo" }))?.status).toBe(405);
    expect((await sendRaw(serviceUrl, { target: "/config/sync" }))?.body).toContain("Configuration Viewer");
  });
});

describe("POST /config/reload", () => {
  const ok = { status: 200, body: '{"status":"OK", "message":"Configuration reloaded successfully"}' };
  const storage = async (robin: RobinSimulator) => (await view(robin)).sections["Storage Configuration"];

  it("200 and the changed files are seen, not before", async () => {
    const robin = await startSimulator({ config: { files } });
    robin.config.write("storage.json5", "{ enabled: false }");
    expect(robin.config.read("storage.json5")).toBe("{ enabled: false }");
    expect(await storage(robin)).toEqual({ enabled: true });
    expect(await reload(robin)).toMatchObject(ok);
    expect(await storage(robin)).toEqual({ enabled: false });
    robin.config.write("storage.json5", undefined);
    await reload(robin);
    expect(await storage(robin)).toBeUndefined();
  });

  it("trap 41: 200 and the old configuration when a file is broken", async () => {
    const robin = await startSimulator({ config: { files } });
    robin.config.write("server.json5", "{ hostname: ");
    robin.config.write("properties.json5", "{,");
    expect(await reload(robin)).toMatchObject(ok);
    const { sections } = await view(robin);
    expect(sections).toMatchObject({ "Server Configuration": { hostname: "robin.test" } });
    expect(sections).toHaveProperty("Properties Configuration.propertiesAutoReload");
  });

  it("trap 41: 200 and nothing happened when auto-reload is off, even if the file now says on", async () => {
    const off = { ...files, "properties.json5": "{ a: 1 }" };
    const robin = await startSimulator({ config: { files: off } });
    robin.config.write("properties.json5", properties);
    robin.config.write("server.json5", "{ hostname: 'other.test' }");
    expect(await reload(robin)).toMatchObject(ok);
    expect(await reload(robin)).toMatchObject(ok);
    const { sections } = await view(robin);
    expect(sections).toMatchObject({
      "Properties Configuration": { a: 1 },
      "Server Configuration": { hostname: "robin.test" },
    });
  });

  it("trap 12: 200 and the old credentials, whatever the file says about them", async () => {
    const robin = await startSimulator({ serviceAuth: { type: "bearer", value: "old" } });
    const headers = { Authorization: "Bearer old" };
    robin.config.write("server.json5", '{ service: { authType: "bearer", authValue: "new" } }');
    const post = { method: "POST", target: "/config/reload", headers };
    expect([(await sendRaw(robin.serviceUrl, post))?.status, (await sendRaw(robin.serviceUrl, post))?.status]).toEqual([
      200, 200,
    ]);
    expect((await sendRaw(robin.serviceUrl, { target: "/config" }))?.status).toBe(401);
  });

  it("files that are broken or missing from the start are empty", async () => {
    const broken = { "properties.json5": "{", "storage.json5": "[1" };
    const { answer, titles } = await view(await startSimulator({ config: { files: broken } }));
    expect([answer?.status, titles]).toEqual([200, ["Properties Configuration", "Server Configuration"]]);
  });

  it("a folder that is a file is a mistake of the test", async () => {
    await expect(startSimulator({ config: { folder: import.meta.filename } })).rejects.toThrow("ENOTDIR");
  });

  it("a side file with broken syntax fails its first use and is empty after that", async () => {
    const robin = await startSimulator({ config: { files } });
    robin.config.write("users.json5", "{ list: [");
    expect(await reload(robin)).toMatchObject(ok);
    expect((await view(robin)).answer).toMatchObject({ status: 500, body: "Internal Server Error" });
    const { answer, titles } = await view(robin);
    expect(answer?.status).toBe(200);
    expect(titles).not.toContain("Users Configuration");
  });

  it("a folder is read instead, again at each reload", async () => {
    const folder = await mkdtemp(join(tmpdir(), "robin-config-"));
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const robin = await startSimulator({ config: { folder } });
      await writeFile(join(folder, "storage.json5"), "{ enabled: 1 }");
      await reload(robin);
      expect(await storage(robin)).toEqual({ enabled: 1 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("GET /config/sync/status", () => {
  const ask = async (robin: RobinSimulator) =>
    (await sendRaw(robin.serviceUrl, { target: "/config/sync/status" }))?.body;

  it("200 with zeros while the store is off", async () => {
    expect(await ask(await startSimulator())).toBe(`{
  "enabled": false,
  "lastAttemptEpochMillis": 0,
  "lastSuccessEpochMillis": 0,
  "appliedFiles": [],
  "skippedFiles": [],
  "appliedCount": 0,
  "skippedCount": 0
}`);
  });

  it("200 with what a test sets, the error between the times and the files", async () => {
    const robin = await startSimulator();
    robin.config.setSyncStatus({
      enabled: true,
      lastAttemptEpochMillis: 5,
      lastSuccessEpochMillis: 0,
      lastError: "refused",
      appliedFiles: ["a.json5"],
      skippedFiles: ["b.json5 (no change)"],
    });
    const answer = JSON.parse((await ask(robin)) ?? "") as object;
    expect(Object.keys(answer).slice(2, 4)).toEqual(["lastSuccessEpochMillis", "lastError"]);
    expect(answer).toMatchObject({ lastError: "refused", appliedCount: 1, skippedCount: 1 });
  });
});
