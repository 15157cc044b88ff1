import { createEmptyDatabase } from "@robin/db/testing";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testSecret } from "./harness.ts";

const mebibyte = 1024 ** 2;
const growthMax = 50 * mebibyte;
const mailBytes = 25 * mebibyte;
const logBytes = 500 * mebibyte;

/** A Robin with one large mail and a log of half a gigabyte, which no simulator would keep in memory. */
function answerAsRobin(req: IncomingMessage, res: ServerResponse): void {
  const { pathname, searchParams } = new URL(req.url ?? "/", "http://robin");
  res.setHeader("content-type", "text/plain; charset=utf-8");
  if (pathname.startsWith("/store")) {
    res.setHeader("content-length", mailBytes);
    void pipeline(Readable.from(repeated(mailLine, mailBytes)), res).catch(() => undefined);
  } else if (pathname === "/logs") {
    const bytes = searchParams.get("query") === "Queued" ? logBytes : logBytes / 10;
    void pipeline(Readable.from(repeated(logLine, bytes)), res).catch(() => undefined);
  } else res.end("OK");
}

const mailLine = `${"A".repeat(76)}\r\n`;
const logLine = `INFO |0821-132216123|SmtpThread-7|receipt.EmailReceipt|abc|/192.0.2.7:40112|tony@example.com|Queued ${"x".repeat(400)}\n`;

function* repeated(line: string, bytes: number): Generator<Buffer> {
  const block = Buffer.from(line.repeat(Math.ceil(65_536 / line.length)));
  for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, left);
}

let robin: Server;
let database: { url: string; drop(): Promise<void> };
let gateway: ChildProcess;
let url: string;
let token: string;

beforeAll(async () => {
  robin = createServer(answerAsRobin);
  await new Promise<void>((resolve) => robin.listen(0, "127.0.0.1", resolve));
  const robinUrl = `http://127.0.0.1:${(robin.address() as AddressInfo).port}`;
  database = await createEmptyDatabase();
  // With a small young generation V8 collects often: what it has not bothered to collect is not held by a download.
  gateway = spawn(process.execPath, ["--max-semi-space-size=4", new URL("../src/main.ts", import.meta.url).pathname], {
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      HOST: "127.0.0.1",
      DATABASE_URL: database.url,
      ROBIN_CLIENT_API_URL: robinUrl,
      ROBIN_SERVICE_API_URL: robinUrl,
      ROBIN_TIME_ZONE: "UTC",
      JWT_SECRET: testSecret,
      ADMIN_PASSWORD: "correct-horse",
      LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  [{ url }] = (await once(gateway, "message")) as [{ url: string }];
  const login = await fetch(`${url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin@robin.local", password: "correct-horse" }),
  });
  token = ((await login.json()) as { tokens: { accessToken: string } }).tokens.accessToken;
});

afterAll(async () => {
  const exited = once(gateway, "exit");
  gateway.kill("SIGKILL");
  await exited;
  robin.closeAllConnections();
  await new Promise((resolve) => robin.close(resolve));
  await database.drop();
});

/** The most that the gateway had in memory while `run` ran, in bytes. */
async function peakOf(run: () => Promise<unknown>): Promise<number> {
  await writeFile(`/proc/${gateway.pid}/clear_refs`, "5");
  await run();
  const status = await readFile(`/proc/${gateway.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Reads an answer to its end and counts its bytes, once `pause` is over. */
async function read(path: string, pause?: Promise<unknown>): Promise<{ status: number; bytes: number }> {
  const sent = request(url + path, { headers: { authorization: `Bearer ${token}` } }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  await pause;
  let bytes = 0;
  for await (const part of response) bytes += (part as Buffer).length;
  return { status: response.statusCode ?? 0, bytes };
}

const mail = "/api/v1/storage/raw?path=/example.com/tony/new/20260821.a.eml";
const logOf = (search: string) => `/api/v1/logs/export?format=txt&search=${search}`;

describe("a download", () => {
  /** Of a process at work: it has compiled its code and has grown its heap over a tenth of the log. */
  let usual: number;
  beforeAll(async () => {
    await read(mail);
    usual = await peakOf(() => read(logOf("tony")));
  }, 60_000);

  it("of a mail of 25 MB makes the process grow by less than 50 MB", async () => {
    const peak = await peakOf(async () => {
      expect(await read(mail)).toEqual({ status: 200, bytes: mailBytes });
    });
    expect(peak - usual).toBeLessThan(growthMax);
  });

  it("of a log of 500 MB makes the process grow by less than 50 MB", async () => {
    const peak = await peakOf(async () => {
      const { status, bytes } = await read(logOf("Queued"));
      expect(status).toBe(200);
      expect(bytes).toBeGreaterThan(0.99 * logBytes);
    });
    expect(peak - usual).toBeLessThan(growthMax);
  }, 120_000);

  it("does not hold Robin while its readers do not read", async () => {
    const isFree = Promise.withResolvers<undefined>();
    const readers = [1, 2, 3, 4].map(() => read(mail, isFree.promise));
    await expect.poll(() => connectionsOf(robin), { timeout: 20_000 }).toBe(0);
    isFree.resolve(undefined);
    expect(await Promise.all(readers)).toEqual(readers.map(() => ({ status: 200, bytes: mailBytes })));
  });
});

async function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}
