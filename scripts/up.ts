/**
 * `npm run up`: everything on this machine, with nothing to install or to configure. What the environment names
 * (DATABASE_URL, ROBIN_CLIENT_API_URL, REDIS_URL...) is used; the rest is started here and lives in DATA_DIR (.data).
 */
import path from "node:path";
import { generateIfNeeded } from "../packages/db/scripts/generate.ts";
import { bundleIfNeeded, nodeFlags, nodeVariables } from "./bundle.ts";
import { startChild } from "./up/child.ts";
import { jwtSecret, openDataDir } from "./up/data-dir.ts";
import { createLogFile } from "./up/log-file.ts";
import { ensurePortIsFree } from "./up/port.ts";
import { robinConfigDir } from "./up/robin-config.ts";
import { welcome } from "./up/screen.ts";
import { readSettings, type Settings } from "./up/settings.ts";
import { createSupervisor, type Supervisor } from "./up/supervisor.ts";

type GatewayReady = { url: string; admin?: { username: string; password: string } };
type SimulatorReady = { clientUrl: string; serviceUrl: string };

const root = path.dirname(import.meta.dirname);
/** `pnpm dev`: Node starts gateway and worker again whenever a source changes. */
const watches = process.argv.includes("--watch");

function screen(line: string): void {
  console.log(line);
}

/** Node's arguments for each of the programs: their bundle, or their sources while one works on them. */
async function programs(): Promise<{ gateway: string[]; worker: string[] }> {
  const sources = { gateway: "apps/gateway/src/main.ts", worker: "apps/worker/src/main.ts" };
  const flags = watches ? ["--watch", "--watch-preserve-output"] : nodeFlags;
  const { gateway, worker } = watches ? sources : await bundleIfNeeded();
  return { gateway: [...flags, gateway], worker: [...flags, worker] };
}

async function startDatabase(settings: Settings, supervisor: Supervisor): Promise<string> {
  const { startEmbeddedPostgres } = await import("@robin/db/embedded");
  const { migrate } = await import("@robin/db");
  const log = createLogFile(path.join(settings.dataDir, "logs/postgres.log"));
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(settings.dataDir, "postgres"), log });
  supervisor.add({ name: "PostgreSQL server", exited: postgres.exited, stop: () => postgres.stop() });
  await migrate(postgres.url);
  return postgres.url;
}

async function startProgram(
  options: { name: string; args: string[]; env: NodeJS.ProcessEnv },
  settings: Settings,
  supervisor: Supervisor,
): Promise<unknown> {
  if (supervisor.isOver()) throw new Error("The start was given up.");
  const log = createLogFile(path.join(settings.dataDir, `logs/${options.name}.log`));
  const child = await startChild({ ...options, cwd: root, log, screen, cancelled: supervisor.ended });
  supervisor.add({ name: options.name, exited: child.exited, stop: () => child.stop() });
  return child.ready;
}

async function start(settings: Settings, supervisor: Supervisor): Promise<void> {
  await ensurePortIsFree(settings.host, settings.port);
  generateIfNeeded();
  const making = programs();
  // Whether it fails is asked further below.
  making.catch(() => undefined);
  const env: NodeJS.ProcessEnv = {
    ...nodeVariables,
    ...settings.env,
    LOG_FORMAT: "json",
    DATA_DIR: settings.dataDir,
  };
  // Nobody asks our own child for its health by HTTP.
  env.WORKER_HEALTH_PORT ??= "0";
  env.JWT_SECRET ??= jwtSecret(settings.dataDir);
  if (!settings.hasDatabase) env.DATABASE_URL = await startDatabase(settings, supervisor);
  if (!settings.hasRobin) {
    // Free ports: a real Robin may run on this machine too.
    const ports = ["--client-port=0", "--service-port=0"];
    env.ROBIN_CONFIG_DIR = robinConfigDir(settings.dataDir);
    const config = `--config-folder=${env.ROBIN_CONFIG_DIR}`;
    const args = ["packages/robin-simulator/src/cli.ts", "--worker", ...ports, config];
    const robin = (await startProgram(
      { name: "simulator", args, env: settings.env },
      settings,
      supervisor,
    )) as SimulatorReady;
    env.ROBIN_CLIENT_API_URL = robin.clientUrl;
    env.ROBIN_SERVICE_API_URL = robin.serviceUrl;
    env.ROBIN_TIME_ZONE = "UTC";
  }
  // The worker first: it is stopped after the gateway.
  const args = await making;
  await startProgram({ name: "worker", args: args.worker, env }, settings, supervisor);
  const gateway = (await startProgram(
    { name: "gateway", args: args.gateway, env },
    settings,
    supervisor,
  )) as GatewayReady;
  const adminUsername = gateway.admin?.username ?? settings.adminUsername;
  const adminPassword = gateway.admin?.password;
  const logsDir = path.relative(process.cwd(), path.join(settings.dataDir, "logs")) || ".";
  screen(welcome({ url: gateway.url, adminUsername, adminPassword, simulated: !settings.hasRobin, logsDir }));
}

/** Returns the exit code. */
async function run(supervisor: Supervisor): Promise<number> {
  let release: (() => void) | undefined;
  const over = async () => {
    const reason = await supervisor.ended;
    console[reason ? "error" : "log"](reason?.message ?? "Stopping...");
    return reason ? 1 : 0;
  };
  try {
    const settings = readSettings(root, process.env);
    release = openDataDir(settings.dataDir);
    await start(settings, supervisor);
    return await over();
  } catch (error) {
    // A start that was given up because somebody asked for the end has not failed.
    if (supervisor.isOver()) return await over();
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await supervisor.stopAll();
    release?.();
  }
}

const supervisor = createSupervisor();
for (const event of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(event, () => {
    supervisor.end();
  });
process.on("disconnect", () => {
  supervisor.end();
});
// A terminal that went away must not keep us from stopping the rest.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

process.exit(await run(supervisor));
