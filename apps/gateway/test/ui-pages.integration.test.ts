import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";
import { rawHead, sendRaw } from "./raw-http.ts";

/** As a browser asks for a page that somebody goes to, and as the UI's own calls do. */
const browser = {
  accept:
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
};
const angular = { accept: "application/json, text/plain, */*" };

const page = "<!doctype html><base href=/><title>The UI</title>";
const script = `console.log("${"x".repeat(5000)}")`;
const hidden = "a secret beside the UI";

let folder: string;
let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "ui-"));
  const ui = path.join(folder, "dist");
  await mkdir(path.join(ui, "assets", "themes"), { recursive: true });
  await mkdir(path.join(ui, ".git"));
  const files: Record<string, string> = {
    "dist/index.html": page,
    "dist/main.0fb00f98cb696bad.js": script,
    "dist/chunk-7KQ2ZP4M.js": script,
    "dist/styles.css": "body {}",
    "dist/assets/themes/index.json5": "[]",
    "dist/assets/robin-logo.svg": "<svg/>",
    "dist/queue": "a file named as a path of the API",
    "dist/.env": hidden,
    "dist/.git/config": hidden,
    "secret.txt": hidden,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  gateway = await startTestGateway({ simulator: { items: 3 }, cache: true, app: { uiDirectory: ui } });
  token = (await gateway.signIn("ROLE_OPERATOR")).token;
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

describe("a browser's navigation", () => {
  it.each([
    "/",
    "/index.html",
    "/dashboard",
    "/email/queue",
    "/security/clamav",
    "/monitoring/logs?level=ERROR",
    "/auth/login?returnUrl=%2Fdashboard",
    "/no/such/page",
    "/queue",
    "/queue/json",
    "/storage/",
    "/logs",
    "/metrics",
    "/config/clamav",
    "/scanners/clamav/status",
    "/blocklist",
    "/health/aggregate",
  ])("200 with the UI's page, to be asked for anew each time, at %s", async (target) => {
    const answer = await gateway.request(target, { headers: browser });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(page);
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    if (target !== "/index.html") expect(answer.headers.get("vary")?.toLowerCase()).toMatch(/\baccept(,|$)/);
  });

  it("200 without a body for HEAD", async () => {
    const answer = await gateway.request("/dashboard", { method: "HEAD", headers: browser });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe("");
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
  });

  it("304 when the page is the one that the browser has", async () => {
    const etag = (await gateway.request("/dashboard", { headers: browser })).headers.get("etag") ?? "none";
    // fetch would add `cache-control: no-cache`.
    const again = await sendRaw(gateway.url, rawHead("GET /email/queue", { ...browser, "if-none-match": etag }));
    expect(again.status).toBe(304);
  });

  it("200 under a policy that lets the page style itself and run its own scripts only", async () => {
    const { headers } = await gateway.request("/dashboard", { headers: browser });
    const policy = Object.fromEntries(
      (headers.get("content-security-policy") ?? "").split(";").map((rule) => {
        const [name = "", ...sources] = rule.trim().split(" ");
        return [name, sources];
      }),
    );
    expect(policy["default-src"]).toEqual(["'self'"]);
    expect(policy["script-src"]).toEqual(["'self'"]);
    expect(policy["script-src-attr"]).toEqual([
      "'unsafe-hashes'",
      "'sha256-MhtPZXr7+LpJUY5qtMutB+qWfQtMaPccfe7QXtCcEYc='",
    ]);
    expect(policy["style-src"]).toContain("'unsafe-inline'");
    expect(policy["frame-ancestors"]).toEqual(["'none'"]);
    expect(policy["base-uri"]).toEqual(["'self'"]);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  it.each([
    "/api/v1/nothing",
    "/api/v1",
    "/trpc/nothing",
    "/health/nothing",
    "/docs/nothing.js",
    "/ws/nothing",
    "/console",
  ])("404 rather than the page at %s, which is the gateway's own", async (target) => {
    const answer = await gateway.request(target, { headers: browser });
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain("The UI");
  });

  it.each(["/docs", "/redoc", "/health"])("200 with the gateway's own answer at %s", async (target) => {
    const answer = await gateway.request(target, { headers: browser });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain("The UI");
  });

  it("404 in our shape for another method than GET and HEAD", async () => {
    const answer = await gateway.request("/dashboard", { method: "POST", headers: browser });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: "not_found" });
  });
});

describe("a call on a path that is also a page's", () => {
  it.each([["/queue"], ["/health/aggregate"]])("200 with JSON at %s, told apart by Accept", async (target) => {
    for (const headers of [angular, { accept: "*/*" }, { accept: "application/json" }, { accept: "" }]) {
      const answer = await gateway.request(target, { token, headers });
      expect(answer.status).toBe(200);
      expect(answer.body).toBeTypeOf("object");
      expect(answer.headers.get("vary")?.toLowerCase()).toMatch(/\baccept(,|$)/);
    }
  });

  it("200 with the page for a browser although the answer is kept, and the kept answer for the UI", async () => {
    const signIns = vi.spyOn(gateway.deps.authenticator, "authenticate");
    for (let time = 1; time <= 3; time += 1) {
      expect((await gateway.request("/queue", { token, headers: angular })).body).toHaveProperty("items");
      expect((await gateway.request("/queue", { token, headers: browser })).text).toContain("The UI");
    }
    signIns.mockClear();
    await gateway.request("/queue", { token, headers: angular });
    expect(signIns).not.toHaveBeenCalled();
    signIns.mockRestore();
  });

  it("401 without a token, as ever", async () => {
    expect((await gateway.request("/queue", { headers: angular })).status).toBe(401);
  });

  it("200 without Vary: Accept below /api/v1, where no page is", async () => {
    const answer = await gateway.request("/api/v1/queue", { token, headers: browser });
    expect(answer.body).toBeTypeOf("object");
    expect(answer.headers.get("vary") ?? "").not.toMatch(/\baccept(,|$)/i);
  });
});

describe("a file of the UI", () => {
  it.each(["/main.0fb00f98cb696bad.js", "/chunk-7KQ2ZP4M.js"])(
    "200, for good, at %s, which is named after its content",
    async (target) => {
      const answer = await gateway.request(target, { headers: { accept: "*/*" } });
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(script);
      expect(answer.headers.get("content-type")).toMatch(/^text\/javascript/);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    },
  );

  it.each(["/styles.css", "/assets/themes/index.json5", "/assets/robin-logo.svg"])(
    "200, to be asked for anew, at %s",
    async (target) => {
      const answer = await gateway.request(target, { headers: { accept: "*/*" } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("cache-control")).toBe("no-cache");
      expect(answer.headers.get("etag")).not.toBeNull();
    },
  );

  it("206 with the part that was asked for, not compressed", async () => {
    const headers = { range: "bytes=0-2999", "accept-encoding": "gzip" };
    const answer = await gateway.request("/main.0fb00f98cb696bad.js", { headers });
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-range")).toBe(`bytes 0-2999/${script.length}`);
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(answer.text).toBe(script.slice(0, 3000));
  });

  it("200 and compressed when it pays", async () => {
    const answer = await gateway.request("/main.0fb00f98cb696bad.js", { headers: { "accept-encoding": "gzip" } });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.text).toBe(script);
  });

  it.each(["/assets/themes/missing.json5", "/main.ffffffffffffffff.js", "/favicon.ico", "/assets/missing.svg"])(
    "404, not the page, for %s, which is not there",
    async (target) => {
      for (const headers of [browser, angular]) {
        const answer = await gateway.request(target, { headers });
        expect(answer.status).toBe(404);
        expect(answer.body).toMatchObject({ code: "not_found" });
      }
    },
  );

  it.each(["/assets", "/assets/", "/assets/themes/"])("404 instead of a list for the folder %s", async (target) => {
    const answer = await gateway.request(target, { headers: angular });
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain("index.json5");
  });

  it.each([
    "/.env",
    "/.git/config",
    "/%2eenv",
    "/%2egit/config",
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/..%5csecret.txt",
    "//secret.txt",
    "/assets/%00/../../secret.txt",
    "/index.html%00.js",
    "/%",
  ])("nothing of what is hidden or outside for %s", async (target) => {
    for (const { accept } of [browser, angular]) {
      const answer = await sendRaw(gateway.url, rawHead(`GET ${target}`, { accept }));
      expect(answer.body).not.toContain(hidden);
      expect(answer.status === 404 || answer.body === page, answer.body).toBe(true);
    }
  });

  it("200 from the API, not from a file of the same name", async () => {
    const answer = await gateway.request("/queue", { token, headers: angular });
    expect(answer.body).toMatchObject({ total: 3 });
  });
});

describe("without a UI", () => {
  it("404 in our shape for a navigation, and JSON on the API's paths", async () => {
    const without = await startTestGateway({ beside: gateway });
    const answer = await without.request("/dashboard", { headers: browser });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: "not_found" });
    const queue = await without.request("/queue", { token, headers: browser });
    expect(queue.body).toMatchObject({ total: 3 });
    expect(queue.headers.get("vary") ?? "").not.toMatch(/\baccept(,|$)/i);
    await without.close();
  });
});
