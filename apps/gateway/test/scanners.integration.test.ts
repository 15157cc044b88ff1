import { freePort } from "@robin/db/embedded";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import {
  rspamdStatistics,
  type StandIn,
  startClamd,
  startHttp,
  startRspamd,
  startSilence,
  startTcp,
} from "./scanners-support.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

let standIns: StandIn[];
beforeEach(() => {
  standIns = [];
});
afterEach(async () => {
  await Promise.all(standIns.map((standIn) => standIn.close()));
});
async function begin(standIn: Promise<StandIn>): Promise<StandIn> {
  standIns.push(await standIn);
  return standIn;
}

type Name = "clamav" | "rspamd";

/** What Robin's configuration says of a scanner from now on. */
async function configure(name: Name, values: object, at = gateway): Promise<void> {
  at.simulator.config.write(`${name}.json5`, JSON.stringify({ enabled: true, host: "127.0.0.1", ...values }));
  await at.deps.robin.config.reload();
}

const status = (name: Name, at = gateway) => at.request(`/api/v1/scanners/${name}/status`, { token: operator.token });
const test = (name: Name, body: object = {}, at = gateway) =>
  at.request(`/api/v1/scanners/${name}/test`, { token: operator.token, body });

describe("GET /api/v1/scanners/clamav/status", () => {
  it("200 with UP and the version, by PING and VERSION to where Robin's configuration says", async () => {
    const clamd = await begin(startClamd({ version: "ClamAV 1.4.6/27800/Mon Nov 23 09:24:11 2026" }));
    await configure("clamav", { port: clamd.port });
    const answer = await status("clamav");
    expect(answer.body).toEqual({
      status: "UP",
      version: "1.4.6/27800/Mon Nov 23 09:24:11 2026",
      lastCheck: gateway.clock.now().toISOString(),
    });
    expect(clamd.received).toEqual(["zPING", "zVERSION"]);
  });

  it("200 with UP when the name leads to an address where nobody listens as well", async () => {
    const clamd = await begin(startClamd());
    await configure("clamav", { host: "localhost", port: clamd.port });
    expect((await status("clamav")).body).toMatchObject({ status: "UP" });
  });

  it("200 with UNKNOWN when Robin does not use it, and nobody is asked", async () => {
    const clamd = await begin(startClamd());
    await configure("clamav", { enabled: false, port: clamd.port });
    expect((await status("clamav")).body).toEqual({
      status: "UNKNOWN",
      error: "ClamAV is switched off in Robin's configuration.",
    });
    expect(clamd.received).toEqual([]);
  });

  it("200 with DOWN when nobody listens", async () => {
    const port = await freePort();
    await configure("clamav", { port });
    expect((await status("clamav")).body).toEqual({
      status: "DOWN",
      error: `clamd at 127.0.0.1:${port}: the connection was refused.`,
      lastCheck: gateway.clock.now().toISOString(),
    });
  });

  it("200 with DOWN for a name that nobody has", async () => {
    await configure("clamav", { host: "clamd.invalid", port: 3310 });
    expect((await status("clamav")).body).toMatchObject({
      status: "DOWN",
      error: "clamd at clamd.invalid:3310: the name cannot be resolved.",
    });
  });

  it("200 with UNKNOWN when it is on Robin's own host and the gateway is not, and nobody is asked", async () => {
    const clamd = await begin(startClamd());
    const elsewhere = await startTestGateway({ beside: gateway, scanners: { sharesHostWithRobin: false } });
    for (const host of ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "::1", "::ffff:127.0.0.1"]) {
      await configure("clamav", { host, port: clamd.port });
      const { body } = await status("clamav", elsewhere);
      expect(body, host).toMatchObject({ status: "UNKNOWN" });
      expect((body as { error: string }).error).toMatch(/CLAMAV_ADDRESS tells the gateway where it is\.$/);
    }
    expect(clamd.received).toEqual([]);
    await elsewhere.close();
  });

  it.each([
    "0.0.0.0",
    "0",
    "::",
    "169.254.169.254",
    "2852039166",
    "::ffff:169.254.169.254",
    "fe80::1",
    "224.0.0.1",
    "64:ff9b::a9fe:a9fe",
  ])("200 with UNKNOWN, and without a look, when Robin's configuration says %s", async (host) => {
    const clamd = await begin(startClamd());
    await configure("clamav", { host, port: clamd.port });
    expect((await status("clamav")).body).toMatchObject({
      status: "UNKNOWN",
      error: expect.stringContaining("no scanner is asked at such an address") as string,
    });
    expect(clamd.received).toEqual([]);
  });

  it("200 from where the environment says, whatever Robin's configuration says", async () => {
    const clamd = await begin(startClamd());
    const address = { host: "127.0.0.1", port: clamd.port };
    const named = await startTestGateway({
      beside: gateway,
      scanners: { sharesHostWithRobin: false, clamav: address },
    });
    await configure("clamav", { host: "localhost", port: 3310 });
    expect((await status("clamav", named)).body).toMatchObject({ status: "UP", version: "1.4.6" });
    await named.close();
  });

  it("503 when Robin cannot be asked for its configuration", async () => {
    gateway.simulator.faults.set({ port: "service", route: "*", fault: { kind: "reset" } });
    expectError(await status("clamav"), 503, "upstream_unavailable");
    gateway.simulator.faults.clear();
  });

  it("200 on the drop-in path", async () => {
    await configure("clamav", { enabled: false });
    const answer = await gateway.request("/scanners/clamav/status", { token: operator.token });
    expect(answer.body).toMatchObject({ status: "UNKNOWN" });
  });
});

describe("GET /api/v1/scanners/rspamd/status", () => {
  it("200 with UP, the version and the counters of a controller that wants its password", async () => {
    const [worker, controller] = [await begin(startRspamd()), await begin(startRspamd({ controller: "stark" }))];
    const scanners = { rspamdController: { host: "127.0.0.1", port: controller.port }, rspamdPassword: "stark" };
    const named = await startTestGateway({ beside: gateway, scanners });
    await configure("rspamd", { port: worker.port });
    expect((await status("rspamd", named)).body).toEqual({
      status: "UP",
      version: "3.4",
      lastCheck: gateway.clock.now().toISOString(),
      uptime: 86_400,
      scannedTotal: 1000,
      spamCount: 120,
      hamCount: 880,
    });
    expect(worker.received).toEqual(["GET /ping"]);
    expect(controller.received).toEqual(["GET /stat"]);
    await named.close();
  });

  it("200 with the counters by the password that was saved with the UI's form", async () => {
    const [worker, controller] = [await begin(startRspamd()), await begin(startRspamd({ controller: "stark" }))];
    const scanners = { rspamdController: { host: "127.0.0.1", port: controller.port } };
    const named = await startTestGateway({ beside: gateway, scanners });
    await configure("rspamd", { port: worker.port });
    for (const [apiKey, scannedTotal] of [
      ["stark", 1000],
      ["", undefined],
      ["st\u00e4rk \u20ac\r\n", undefined],
    ] as const) {
      const document = { value: { apiKey }, version: 1, updatedBy: "admin", updatedAt: gateway.clock.now() };
      await gateway.db.document.upsert({
        where: { name: "rspamd" },
        create: { name: "rspamd", ...document },
        update: document,
      });
      const { body } = await status("rspamd", named);
      expect(body).toMatchObject({ status: "UP" });
      expect((body as { scannedTotal?: number }).scannedTotal).toBe(scannedTotal);
    }
    await gateway.db.document.deleteMany();
    await named.close();
  });

  it.each([
    ["wants another password", () => startRspamd({ controller: "another" })],
    ["is no Rspamd", () => startClamd()],
    ["answers without the counters", () => startRspamd({ controller: "stark", statistics: `{"version":"3.4"}` })],
    [
      "answers null for a counter",
      () => startRspamd({ controller: "stark", statistics: rspamdStatistics.replace("1000", "null") }),
    ],
    ["answers half a JSON", () => startRspamd({ controller: "stark", statistics: rspamdStatistics.slice(0, 50) })],
    ["sends elsewhere", () => startHttp((_req, res) => res.writeHead(302, { location: "http://127.0.0.1/" }).end())],
    ["never answers", startSilence],
  ])("200 with UP and no invented counters when the controller %s", async (_name, start) => {
    const [worker, controller] = [await begin(startRspamd()), await begin(start())];
    const scanners = { rspamdController: { host: "127.0.0.1", port: controller.port }, rspamdPassword: "stark" };
    const named = await startTestGateway({ beside: gateway, scanners });
    await configure("rspamd", { port: worker.port });
    expect((await status("rspamd", named)).body).toEqual({
      status: "UP",
      version: "3.4",
      lastCheck: gateway.clock.now().toISOString(),
    });
    await named.close();
  });

  it("200 without the password having gone to where Robin's configuration says", async () => {
    const passwords: unknown[] = [];
    const worker = await begin(
      startHttp((req, res) => {
        passwords.push(req.headers.password);
        res.writeHead(200).end("pong");
      }),
    );
    const named = await startTestGateway({ beside: gateway, scanners: { rspamdPassword: "stark" } });
    await configure("rspamd", { port: worker.port });
    expect((await status("rspamd", named)).body).toMatchObject({ status: "UP" });
    expect(passwords).toEqual([undefined]);
    await named.close();
  });

  it("200 with UNKNOWN when Robin does not use it, and with DOWN when nobody listens", async () => {
    await configure("rspamd", { enabled: false });
    expect((await status("rspamd")).body).toEqual({
      status: "UNKNOWN",
      error: "Rspamd is switched off in Robin's configuration.",
    });
    await configure("rspamd", { port: await freePort() });
    expect((await status("rspamd")).body).toMatchObject({ status: "DOWN" });
  });
});

describe("POST /api/v1/scanners/{scanner}/test", () => {
  it("200 for the configured ClamAV, with the UI's form or without", async () => {
    const clamd = await begin(startClamd());
    await configure("clamav", { port: clamd.port, enabled: false });
    const form = { enabled: true, timeout: 30_000, maxFileSize: 26_214_400, scanArchives: true };
    for (const body of [{}, { config: { ...form, host: "127.0.0.1", port: clamd.port } }]) {
      const answer = await test("clamav", body);
      expect(answer.body).toEqual({
        success: true,
        status: "UP",
        message: `clamd at 127.0.0.1:${clamd.port} answered.`,
        responseTime: expect.any(Number) as number,
        details: { version: "1.4.6" },
      });
    }
  });

  it("200 for the configured Rspamd, with the UI's form", async () => {
    const worker = await begin(startRspamd());
    await configure("rspamd", { port: worker.port });
    const form = { enabled: true, apiKey: "", rejectScore: 7.5, addHeaderScore: 6, greylistScore: 4, timeout: 30_000 };
    const answer = await test("rspamd", { config: { ...form, host: "127.0.0.1", port: worker.port } });
    expect(answer.body).toMatchObject({ success: true, status: "UP", details: { version: "3.4" } });
  });

  it("200 for what SCANNER_TEST_TARGETS has", async () => {
    const clamd = await begin(startClamd());
    await configure("clamav", { port: 3310 });
    const testTargets = [{ host: "LocalHost", port: clamd.port }];
    const lenient = await startTestGateway({ beside: gateway, scanners: { testTargets } });
    const config = { host: "localhost.", port: String(clamd.port) };
    expect((await test("clamav", { config }, lenient)).body).toMatchObject({ success: true, status: "UP" });
    await lenient.close();
  });

  it("200 with ERROR for every other address, however it is written, and nobody is asked", async () => {
    const other = await begin(startClamd());
    await configure("clamav", { host: "localhost", port: other.port + 1 });
    const hosts = [
      "localhost",
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0x7f.1",
      "::1",
      "[::1]",
      "[::ffff:7f00:1]",
      "0.0.0.0",
      "localhost.localdomain",
      "127.0.0.1.nip.io",
      "evil.example#localhost",
      "a@localhost",
      "localhost\\@x",
      "169.254.169.254",
    ];
    for (const host of hosts) {
      const { body, status: httpStatus } = await test("clamav", { config: { host, port: other.port } });
      expect(httpStatus, host).toBe(200);
      expect(body, host).toEqual({
        success: false,
        status: "ERROR",
        message: expect.stringContaining("SCANNER_TEST_TARGETS") as string,
      });
    }
    expect(other.received).toEqual([]);
  });

  it("200 with ERROR for the configured host on another port, and for another host on the configured port", async () => {
    const clamd = await begin(startClamd());
    await configure("clamav", { port: clamd.port });
    for (const config of [
      { host: "127.0.0.1", port: clamd.port + 1 },
      { host: "127.0.0.2", port: clamd.port },
    ]) {
      expect((await test("clamav", { config })).body).toMatchObject({ success: false, status: "ERROR" });
    }
    expect(clamd.received).toEqual([]);
  });

  it.each([
    ["never answers", startSilence, "TIMEOUT"],
    [
      "answers a byte every now and then",
      () =>
        startTcp((socket) => {
          const timer = setInterval(() => socket.write("x"), 100);
          socket.once("close", () => {
            clearInterval(timer);
          });
        }),
      "TIMEOUT",
    ],
    ["answers something else", () => startTcp((socket) => socket.end("220 mail.example ESMTP\r\n")), "ERROR"],
    ["answers PONG and no version", () => startTcp((socket) => socket.end("PONG\0")), "ERROR"],
    ["ends without a word", () => startTcp((socket) => socket.end()), "ERROR"],
    ["resets the connection", () => startTcp((socket) => socket.resetAndDestroy()), "DOWN"],
    ["answers ten megabytes", () => startTcp((socket) => socket.end("x".repeat(10_000_000))), "ERROR"],
  ] as const)("200 with the right verdict in little time on a clamd that %s", async (_name, start, expected) => {
    const { port } = await begin(start());
    await configure("clamav", { port });
    const startedAt = performance.now();
    const { body, text } = await test("clamav");
    expect(performance.now() - startedAt).toBeLessThan(4000);
    expect(body).toMatchObject({ success: false, status: expected, responseTime: expect.any(Number) as number });
    expect(text.length).toBeLessThan(300);
    expect(text).not.toContain("ESMTP");
  });

  it.each([
    ["never answers", startSilence, "TIMEOUT"],
    ["sends headers and no end", () => startHttp((_req, res) => res.writeHead(200).write("p")), "TIMEOUT"],
    ["answers as another server", () => startHttp((_req, res) => res.end("<h1>It works</h1>")), "ERROR"],
    [
      "sends elsewhere",
      () => startHttp((_req, res) => res.writeHead(302, { location: "http://127.0.0.1:1/" }).end()),
      "ERROR",
    ],
    ["is a clamd", startClamd, "ERROR"],
    ["breaks off within a header", () => startTcp((socket) => socket.end("HTTP/1.1 200 OK\r\nserver: rs")), "DOWN"],
    ["answers ten megabytes", () => startHttp((_req, res) => res.end("x".repeat(10_000_000))), "ERROR"],
  ] as const)("200 with the right verdict in little time on an Rspamd that %s", async (_name, start, expected) => {
    const { port } = await begin(start());
    await configure("rspamd", { port });
    const startedAt = performance.now();
    const { body, text } = await test("rspamd");
    expect(performance.now() - startedAt).toBeLessThan(4000);
    expect(body).toMatchObject({ success: false, status: expected });
    expect(text).not.toContain("works");
  });

  it("200 with an audit row that names the address, also when it was refused", async () => {
    await configure("clamav", { port: 3310 });
    await gateway.db.auditEvent.deleteMany();
    await test("clamav", { config: { host: "10.0.0.1", port: 22 } });
    const rows = await gateway.db.auditEvent.findMany();
    expect(rows).toMatchObject([{ action: "scanners.testClamav", targets: ["10.0.0.1:22"], actorId: operator.userId }]);
  });

  it.each([
    [{ config: { host: "clamav" } }, "config.port"],
    [{ config: { port: 3310 } }, "config.host"],
    [{ config: { host: "", port: 3310 } }, "config.host"],
    [{ config: { host: "a\0b", port: 3310 } }, "config.host"],
    [{ config: { host: "clamav", port: 0 } }, "config.port"],
    [{ config: { host: "clamav", port: 65_536 } }, "config.port"],
    [{ config: "clamav:3310" }, "config"],
  ])("400 with the field's path for %j", async (body, path) => {
    const answer = await test("clamav", body);
    expect(answer.status).toBe(400);
    expect((answer.body as { issues: { path: string }[] }).issues[0]?.path).toBe(path);
  });
});
