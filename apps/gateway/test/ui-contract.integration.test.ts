import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { z } from "zod";
import { configFiles, startConfigGateway } from "./config-support.ts";
import { type SignedIn, testPassword, type TestGateway } from "./harness.ts";
import { storeSample } from "./metrics-support.ts";
import * as shape from "./ui-contract-shapes.ts";

/** A call that the Robin UI makes: from a screen, or from a method of its services. */
interface Operation {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/api/v1`, or at the root, with parameters in braces. */
  path: string;
  query?: string;
  body?: unknown;
  /** Sent as the field `file` of a form. */
  file?: string;
  /** 200 unless said. */
  status?: number;
  answer: z.ZodType;
  /** Open to callers without a bearer, whom the UI does not send one for. */
  open?: true;
  /** The refresh token's cookie goes along. */
  cookie?: true;
  /** A file to save: of these bytes the UI looks at none. */
  download?: true;
}

const uid = "0f8b6c1e-1111-4222-8333-444455556666";
const mail = { path: "example.com/tony/new/20260821.abc.eml", text: "Subject: Lunch\r\n\r\nAt noon?\r\n" };
const clamavForm = {
  enabled: true,
  host: "localhost",
  port: 3310,
  timeout: 30_000,
  maxFileSize: 26_214_400,
  scanArchives: true,
};
const rspamdForm = {
  enabled: true,
  host: "localhost",
  port: 11_333,
  apiKey: "",
  rejectScore: 15,
  addHeaderScore: 6,
  greylistScore: 4,
  timeout: 30_000,
};

const blocklistForm = { type: "IP", value: "203.0.113.7", reason: "abuse", expiresAt: null, active: true };
const dovecotForm = {
  protocols: ["imap", "lmtp"],
  listen: "*",
  authentication: { mechanisms: ["plain", "cram-md5"], defaultRealm: "example.com" },
  mailLocation: "maildir:~/Maildir",
  ssl: { enabled: true, certFile: "/etc/ssl/cert.pem", keyFile: "/etc/ssl/key.pem" },
  limits: { maxConnections: 200, maxUserConnections: 20 },
};

const now = new Date();
const lastHour = `start=${new Date(now.getTime() - 3_600_000).toISOString()}&end=${now.toISOString()}`;

const operations: Operation[] = [
  {
    method: "POST",
    path: "/auth/login",
    body: { username: "ui@robin.local", password: testPassword, rememberMe: false },
    answer: shape.Login,
    open: true,
  },
  { method: "POST", path: "/auth/logout", body: {}, answer: shape.Anything, open: true, cookie: true },
  { method: "POST", path: "/auth/refresh", body: {}, answer: shape.Refresh, open: true, cookie: true },
  { method: "GET", path: "/auth/verify", answer: shape.Verify, open: true },
  { method: "GET", path: "/auth/me", answer: shape.Me },

  { method: "GET", path: "/health/aggregate", answer: shape.Health, open: true },

  { method: "GET", path: "/queue/json", query: "page=0&size=50", answer: shape.Queue },
  { method: "POST", path: "/queue/{uid}/retry", body: {}, answer: shape.QueueAction },
  { method: "POST", path: "/queue/{uid}/pause", body: {}, status: 501, answer: shape.Refusal },
  { method: "POST", path: "/queue/{uid}/resume", body: {}, status: 501, answer: shape.Refusal },
  { method: "DELETE", path: "/queue/{uid}", answer: shape.QueueAction },

  { method: "GET", path: "/storage/", query: "path=/", answer: shape.Storage },
  { method: "GET", path: "/storage/file", query: `path=/${mail.path}`, answer: shape.StorageFile },

  { method: "GET", path: "/config", answer: shape.Anything },
  { method: "GET", path: "/config/clamav", answer: shape.ClamavConfig },
  { method: "PUT", path: "/config/clamav", body: clamavForm, answer: shape.ClamavConfig },
  { method: "GET", path: "/config/rspamd", answer: shape.RspamdConfig },
  { method: "PUT", path: "/config/rspamd", body: rspamdForm, answer: shape.RspamdConfig },
  { method: "GET", path: "/config/dovecot", answer: shape.DovecotConfig },
  { method: "PUT", path: "/config/dovecot", body: dovecotForm, answer: shape.DovecotConfig },

  { method: "GET", path: "/metrics", query: lastHour, answer: shape.Metrics },
  { method: "GET", path: "/metrics/QUEUE_SIZE", answer: shape.Metrics },
  { method: "GET", path: "/metrics/system", answer: shape.SystemStats },
  { method: "GET", path: "/metrics/queue", answer: shape.QueueStats },
  { method: "GET", path: "/metrics/export", query: `${lastHour}&format=csv`, answer: shape.Anything, download: true },

  { method: "GET", path: "/scanners/clamav/status", answer: shape.ClamavStatus },
  { method: "POST", path: "/scanners/clamav/test", body: { config: clamavForm }, answer: shape.ScannerTest },
  { method: "GET", path: "/scanners/rspamd/status", answer: shape.RspamdStatus },
  { method: "POST", path: "/scanners/rspamd/test", body: { config: rspamdForm }, answer: shape.ScannerTest },

  { method: "GET", path: "/blocklist", query: "page=0&limit=25", answer: shape.Blocklist },
  { method: "POST", path: "/blocklist", body: blocklistForm, answer: shape.BlocklistEntry },
  { method: "PATCH", path: "/blocklist/{id}", body: { active: false }, answer: shape.BlocklistEntry },
  { method: "DELETE", path: "/blocklist/{id}", answer: shape.Anything },
  {
    method: "POST",
    path: "/blocklist/import",
    file: "type,value,reason\nIP,203.0.113.9,abuse\nIP,nobody,abuse\n",
    answer: shape.BlocklistImport,
  },
  { method: "GET", path: "/blocklist/export", query: "format=csv", answer: shape.Anything, download: true },

  { method: "GET", path: "/logs", query: "limit=100&offset=0", answer: shape.Logs },
  { method: "GET", path: "/logs/export", query: "format=txt", answer: shape.Anything, download: true },
  { method: "GET", path: "/logs/loggers", answer: shape.Loggers },
  { method: "DELETE", path: "/logs", query: "before=2026-08-21T10:00:00.000Z", status: 501, answer: shape.Refusal },
];

let gateway: TestGateway;
let admin: SignedIn;
let entryId: string;
beforeAll(async () => {
  gateway = await startConfigGateway(configFiles, { cache: true });
  for (let item = 0; item < 20; item++) gateway.simulator.queue.add();
  gateway.simulator.store.put(mail.path, mail.text);
  gateway.simulator.logs.append({ level: "WARN", thread: "pool-1", logger: "smtp.Test", message: "a line" });
  const sample = { queueSize: 7, received: 3, sent: 2, connections: 1, cpuPercent: 12.5, memoryPercent: 41.2 };
  await storeSample(gateway.db, new Date(now.getTime() - 60_000), sample);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.simulator.faults.clear();
  gateway.simulator.queue.add({ uid });
  // That was not done through the gateway.
  await gateway.deps.cache.clear();
  await gateway.db.user.deleteMany({ where: { username: "ui@robin.local" } });
  admin = await gateway.signIn("ROLE_ADMIN");
  await gateway.db.user.update({
    where: { id: admin.userId },
    data: { username: "ui@robin.local", email: "ui@robin.local" },
  });
  await gateway.db.blocklistEntry.deleteMany();
  const entry = { ...blocklistForm, value: "192.0.2.1" };
  const created = await gateway.request("/api/v1/blocklist", { token: admin.token, body: entry });
  entryId = shape.BlocklistEntry.parse(created.body).id;
});

/** The development build calls everything below /api/v1; the production build only what is about signing in. */
const families = [
  ["development", (path: string) => `/api/v1${path}`],
  ["production", (path: string) => (path.startsWith("/auth/") ? `/api/v1${path}` : path)],
] as const;

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;

/** As Angular's HttpClient sends it. */
async function call(
  { method, query, body, file }: Operation,
  target: string,
  credentials: { token?: string; cookie?: string } = {},
) {
  const path = target.replace("{uid}", uid).replace("{id}", entryId);
  const form = file === undefined ? undefined : await formOf(file);
  return gateway.request(query === undefined ? path : `${path}?${query}`, {
    method,
    ...(body !== undefined && { body }),
    ...(form && { body: form.bytes }),
    ...(credentials.token !== undefined && { token: credentials.token }),
    headers: {
      accept: "application/json, text/plain, */*",
      ...(form && { "content-type": form.type }),
      ...(credentials.cookie !== undefined && { cookie: credentials.cookie }),
    },
  });
}

async function formOf(file: string) {
  const form = new FormData();
  form.set("file", new Blob([file], { type: "text/csv" }), "blocklist.csv");
  const request = new Request("http://gateway.test", { method: "POST", body: form });
  return { type: request.headers.get("content-type") ?? "", bytes: new Uint8Array(await request.arrayBuffer()) };
}

it("the table has all 35 operations of the UI", () => {
  const names = operations.map(({ method, path }) => `${method} ${path.replace(/^\/config\/.*/, "/config/{section}")}`);
  expect(new Set(names).size).toBe(35);
});

describe.each(families)("the UI's %s build", (_build, targetOf) => {
  describe.each(operations.map((operation) => [nameOf(operation), operation] as const))("%s", (_name, operation) => {
    const target = targetOf(operation.path);
    const { status = 200, answer: expected, open, cookie, download } = operation;

    it(`${status} in the shape that the UI reads`, async () => {
      const answer = await call(operation, target, {
        ...(!open && { token: admin.token }),
        ...(cookie && { cookie: admin.cookie }),
      });
      expect(answer.status, answer.text).toBe(status);
      if (!download) {
        expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
        expect(expected.safeParse(answer.body).error?.issues).toBeUndefined();
        expect(answer.text.replaceAll('"expiresAt":null', "")).not.toContain(":null");
      }
    });

    if (!open)
      it("401 with a message and without a prompt of the browser's for a caller who is not signed in", async () => {
        const answer = await call(operation, target);
        expect(answer.status).toBe(401);
        expect(shape.Refusal.safeParse(answer.body).success).toBe(true);
        expect(answer.headers.get("www-authenticate")).toBeNull();
      });

    it("keeps the browser's credentials from Robin", async () => {
      const before = gateway.simulator.requests.length;
      await call(operation, target, { token: admin.token, cookie: admin.cookie });
      for (const { headers } of gateway.simulator.requests.slice(before)) {
        expect(headers.authorization).toBeUndefined();
        expect(headers.cookie).toBeUndefined();
      }
    });
  });
});

describe("what the UI relies on beyond the shapes", () => {
  it.each([
    ["nothing", {}],
    ["a bearer that is none of ours", { token: "nonsense" }],
    ["a cookie that is none of ours", { cookie: "refreshToken=nonsense" }],
  ])("200 for sign-out with %s, twice", async (_name, credentials) => {
    const [signOut] = operations.filter(({ path }) => path === "/auth/logout");
    for (let time = 0; time < 2; time++) {
      expect(signOut && (await call(signOut, "/api/v1/auth/logout", credentials)).status).toBe(200);
    }
  });

  it("200 with valid: false for a page that is loaded anew, which sends its cookie and no bearer", async () => {
    const answer = await gateway.request("/api/v1/auth/verify", { headers: { cookie: admin.cookie } });
    expect(answer.body).toEqual({ valid: false });
    expect((await gateway.request("/api/v1/auth/verify", { token: admin.token })).body).toEqual({ valid: true });
  });

  it("the page that is loaded anew is signed in again by its cookie alone", async () => {
    const refreshed = await gateway.request("/api/v1/auth/refresh", { body: {}, headers: { cookie: admin.cookie } });
    const { accessToken } = shape.Refresh.parse(refreshed.body);
    const me = await gateway.request("/api/v1/auth/me", { token: accessToken });
    expect(shape.Me.parse(me.body)).toMatchObject({ username: "ui@robin.local" });
  });

  it("what a form saved is what the page shows when it is opened again", async () => {
    for (const [name, form] of [
      ["clamav", clamavForm],
      ["rspamd", rspamdForm],
      ["dovecot", dovecotForm],
    ] as const) {
      const saved = await gateway.request(`/config/${name}`, { method: "PUT", token: admin.token, body: form });
      expect(saved.body).toMatchObject(form);
      expect((await gateway.request(`/config/${name}`, { token: admin.token })).body).toMatchObject(form);
    }
  });

  it("the pages of the queue are counted from 0, and an item is gone once it was deleted", async () => {
    const page = async (number: number) =>
      shape.Queue.parse((await gateway.request(`/queue/json?page=${number}&size=5`, { token: admin.token })).body);
    const [first, second] = [await page(0), await page(1)];
    expect(first).toMatchObject({ pageNumber: 0, pageSize: 5, totalCount: 21 });
    expect(first.items.filter((item) => second.items.some((other) => other.uid === item.uid))).toEqual([]);
    await gateway.request(`/queue/${uid}`, { method: "DELETE", token: admin.token });
    expect((await page(0)).totalCount).toBe(20);
  });

  it("clicks through the storage by the paths of the items and of the breadcrumbs", async () => {
    const list = async (path: string) =>
      shape.Storage.parse(
        (await gateway.request(`/storage/?path=${encodeURIComponent(path)}`, { token: admin.token })).body,
      );
    let at = await list("/");
    for (const name of ["example.com", "tony", "new"]) {
      const next = at.items.find((item) => item.name === name);
      expect(next).toMatchObject({ type: "directory" });
      at = await list(next?.path ?? "missing");
    }
    expect(at.items.map(({ name, type }) => [name, type])).toContainEqual(["20260821.abc.eml", "file"]);
    expect(at.breadcrumbs.map(({ name }) => name)).toEqual(["Root", "example.com", "tony", "new"]);
    expect((await list(at.breadcrumbs[1]?.path ?? "missing")).path).toBe("/example.com");
  });

  it("403 with a message, not an empty list, for a role that may not", async () => {
    const reader = await gateway.signIn("ROLE_READONLY");
    for (const path of [`/queue/${uid}/retry`, `/queue/${uid}/pause`, "/scanners/clamav/test"]) {
      const answer = await gateway.request(path, { token: reader.token, body: {} });
      expect(answer.status, path).toBe(403);
      expect(shape.Refusal.safeParse(answer.body).success).toBe(true);
    }
  });

  it.each([
    ["does not accept the gateway's credentials", { kind: "status", status: 401 }],
    ["is away", { kind: "reset" }],
  ] as const)("5xx, never 401, and no prompt of the browser's when Robin %s", async (_name, fault) => {
    // What was answered before is shared for a moment.
    gateway.clock.advance(60_000);
    gateway.simulator.faults.set({ port: "client", route: "*", fault });
    for (const path of ["/queue/json?page=0&size=50", "/storage/?path=/", "/logs?limit=100&offset=0"]) {
      const answer = await gateway.request(path, { token: admin.token });
      expect(answer.status, path).toBeGreaterThanOrEqual(502);
      expect(shape.Refusal.safeParse(answer.body).success).toBe(true);
      expect(answer.headers.get("www-authenticate")).toBeNull();
    }
  });
});
