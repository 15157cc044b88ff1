import type { Role } from "@robin/api";
import { type ApiConfig, createDeps, type Deps, directHashing } from "@robin/api";
import { createTestDatabase, createUser } from "@robin/db/testing";
import { createDb, type Db } from "@robin/db";
import { createLocalEvents, type Events } from "@robin/events";
import { contracts, createJobsInspector } from "@robin/jobs";
import { createRobinClient, type RobinClientConfig } from "@robin/sdk";
import { createManualClock, createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import type { Tracing } from "@robin/tracing";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { pino } from "pino";
import { type AppConfig, createApp } from "../src/app.ts";
import { createLimits, type LimitsConfig } from "../src/limits/create-limits.ts";
import { createOpenApiDocument } from "../src/openapi.ts";
import { createMeters } from "../src/prometheus.ts";
import { acceptUpgrades } from "../src/live/upgrades.ts";
import { answerBrokenRequests } from "../src/server.ts";
import { startPortProxy, type PortProxy } from "./port-proxy.ts";

export const testSecret = "a secret for tests that is long enough";
export const testPassword = "correct horse battery staple";

type ManualClock = ReturnType<typeof createManualClock>;

interface TestGatewayOptions {
  simulator?: Parameters<typeof createRobinSimulator>[0];
  robin?: Partial<RobinClientConfig>;
  app?: Partial<AppConfig>;
  scanners?: ApiConfig["scanners"];
  secrets?: [string, ...string[]];
  robinTimeZone?: string;
  robinConfigDir?: string;
  algorithm?: "HS256" | "HS384" | "HS512";
  statementTimeoutMs?: number;
  /** Closed by who made it. */
  tracing?: Tracing;
  live?: ApiConfig["live"];
  /** In place of events that stay in this process, and in those beside it. */
  events?: Events;
  /** Keeps answers, which most tests would rather not. */
  cache?: boolean | Partial<ApiConfig["cache"]>;
  /** Nothing is limited when it is left out; what is not named has the usual number. */
  limits?: Partial<LimitsConfig> & { redisUrl?: string; prefix?: string };
  /** Shares the database (and the clock) of another gateway, as a second process would. */
  beside?: TestGateway;
}

interface RequestOptions {
  method?: string;
  token?: string;
  /** Sent as JSON; text and bytes are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed when the answer is JSON. */
  body: unknown;
}

/** A gateway over HTTP on a free port, with a database of its own and a simulated Robin. */
export interface TestGateway {
  url: string;
  db: Db;
  databaseUrl: string;
  /** Stands between the gateway and PostgreSQL; cut it to take the database away. */
  databaseProxy: PortProxy;
  simulator: RobinSimulator;
  clock: ManualClock;
  deps: Deps;
  /** What was logged, one object a line. */
  logs: Record<string, unknown>[];
  request(path: string, options?: RequestOptions): Promise<Answer>;
  /** Creates an account with these roles and signs it in. */
  signIn(...roles: Role[]): Promise<SignedIn>;
  close(): Promise<void>;
}

export interface SignedIn {
  userId: number;
  username: string;
  token: string;
  /** As a browser sends it: `refreshToken=...`. */
  cookie: string;
}

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const shared = options.beside;
  const own = shared ? undefined : await createTestDatabase();
  const databaseUrl = shared?.databaseUrl ?? own?.url ?? "";
  const databaseProxy = await startPortProxy(Number(new URL(databaseUrl).port));
  const proxied = new URL(databaseUrl);
  proxied.port = String(databaseProxy.port);
  const db = createDb(proxied.href, { maxConnections: 5, statementTimeoutMs: options.statementTimeoutMs ?? 10_000 });

  const clock = shared?.clock ?? createManualClock(new Date());
  const simulator = shared?.simulator ?? (await createRobinSimulator({ clock, ...options.simulator }));
  const meters = createMeters();
  const robin = createRobinClient({
    clientApi: { url: simulator.clientUrl },
    serviceApi: { url: simulator.serviceUrl },
    timeoutMs: 2000,
    onCall: meters.onCall,
    startSpan: (call) => options.tracing?.startCall(call),
    ...options.robin,
  });

  const logs: Record<string, unknown>[] = [];
  const logger = pino(
    { level: "debug" },
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        logs.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    }),
  );
  const limits =
    options.limits && createTestLimits(options.limits, { logger, clock, onExceeded: meters.onLimitExceeded });
  const jobs = createJobsInspector(
    { databaseUrl: proxied.href, waitMs: 500 },
    Object.values(contracts),
    () => undefined,
  );
  const deps = createDeps(
    {
      accessTokens: {
        secrets: options.secrets ?? [testSecret],
        algorithm: options.algorithm ?? "HS256",
        lifetimeSeconds: 1800,
      },
      refreshTokenLifetimeMs: 7 * 24 * 60 * 60 * 1000,
      bcryptCost: 4,
      hashing: directHashing,
      scanners: { sharesHostWithRobin: true, ...options.scanners },
      // The simulator's zone.
      robinTimeZone: options.robinTimeZone ?? "UTC",
      robinConfigDir: options.robinConfigDir,
      ...(options.live && { live: options.live }),
      cache: {
        enabled: options.cache !== undefined && options.cache !== false,
        staleMs: 300_000,
        bytesMax: 16 * 1024 ** 2,
        ...(typeof options.cache === "object" && options.cache),
      },
    },
    {
      db,
      robin,
      events: options.events ?? shared?.deps.events ?? createLocalEvents(logger),
      jobs,
      logger,
      clock,
      loginGuard: limits?.loginGuard,
    },
  );
  const config: AppConfig = {
    bodyBytesMax: 1024 ** 2,
    requestTimeoutMs: 5000,
    corsOrigins: [],
    corsAllowCredentials: true,
    trustProxy: false,
    ...options.app,
  };
  const app = createApp({
    deps,
    logger,
    config,
    limiter: limits?.limiter,
    meters,
    tracing: options.tracing,
    openApiDocument: () => createOpenApiDocument("test"),
  });
  const server = answerBrokenRequests(acceptUpgrades(createServer(app), app));
  const url = await listen(server);

  const request = async (path: string, { method, token, body, headers = {} }: RequestOptions = {}): Promise<Answer> => {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      redirect: "manual",
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json") === true && text !== "";
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
  };

  return {
    url,
    db,
    databaseUrl,
    databaseProxy,
    simulator,
    clock,
    deps,
    logs,
    request,
    async signIn(...roles) {
      const passwordHash = await deps.passwords.hash(testPassword);
      const user = await createUser(db, { passwordHash, roles: roles.length > 0 ? roles : ["ROLE_ADMIN"] });
      const answer = await request("/api/v1/auth/login", {
        body: { username: user.username, password: testPassword },
      });
      const { tokens } = answer.body as { tokens: { accessToken: string } };
      const cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
      return { userId: user.id, username: user.username, token: tokens.accessToken, cookie };
    },
    async close() {
      deps.live.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await robin.close();
      await limits?.close();
      await jobs.close();
      await db.$disconnect();
      await databaseProxy.close();
      if (!shared) await simulator.close();
      await own?.drop();
    },
  };
}

function createTestLimits(
  { redisUrl, prefix = "test", ...config }: NonNullable<TestGatewayOptions["limits"]>,
  parts: Omit<Parameters<typeof createLimits>[1], "redisUrl" | "prefix">,
) {
  const usual = {
    anonymousPerMinute: 100,
    userPerMinute: 600,
    queuePerMinute: 100,
    loginPerMinute: 5,
    loginAddressPerMinute: 30,
  };
  return createLimits({ ...usual, ...config }, { redisUrl, prefix, ...parts });
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
