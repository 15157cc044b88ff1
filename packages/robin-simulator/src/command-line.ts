import { parseArgs } from "node:util";
import type { SimulatorAuth } from "./http/auth.ts";
import { createRobinSimulator } from "./simulator.ts";
import type { RobinSimulator, SimulatorOptions } from "./simulator.ts";

export interface CliDependencies {
  readonly args: readonly string[];
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly sendReady: (message: { ready: true; clientUrl: string; serviceUrl: string }) => void;
  /** Resolves when the process is asked to end. */
  readonly stop: Promise<unknown>;
}

const help = `Usage: robin-simulator [options]

Plays a Robin mail server on two HTTP ports until it is stopped (Ctrl-C, SIGTERM).

  --client-port <port>    port of the client API, 0 for a free one (default 8090)
  --service-port <port>   port of the service API, 0 for a free one (default 8080)
  --host <address>        address to listen on (default 127.0.0.1)
  --client-auth <auth>    "none", "basic user:password" or "bearer token" (default none)
  --service-auth <auth>   the same for the service port
  --seed <number>         another number is another mail server (default 1)
  --items <count>         queue items at the start (default 42)
  --service-time <ms>     how long each request holds its port (default 0)
  --nagle-delay <ms>      how much longer big answers take on reused connections (default 0; a real Robin needs 44)
  --config-folder <path>  show and reload the configuration files of this folder instead of Robin's own
  --worker                deliver, retry and take in mail, so that the queue moves
  --help                  show this text`;

/** A mistake of whoever typed the command; its message is all they need to see. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Runs until `stop` resolves. Gives the exit code: 0, or 1 after one printed sentence. */
export async function runCli(deps: CliDependencies): Promise<number> {
  try {
    const options = parseOptions(deps.args);
    if (options === "help") {
      deps.print(help);
      return 0;
    }
    const simulator = await start(options);
    deps.print(`Robin simulator: client API ${simulator.clientUrl}, service API ${simulator.serviceUrl}`);
    deps.sendReady({ ready: true, clientUrl: simulator.clientUrl, serviceUrl: simulator.serviceUrl });
    await deps.stop;
    await simulator.close();
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    deps.printError(error.message);
    return 1;
  }
}

function parseOptions(args: readonly string[]): SimulatorOptions | "help" {
  const values = parseFlags(args);
  if (values.help) return "help";
  return {
    clientPort: parseCount("client-port", values["client-port"], 65_535),
    servicePort: parseCount("service-port", values["service-port"], 65_535),
    host: values.host,
    clientAuth: parseAuth("client-auth", values["client-auth"]),
    serviceAuth: parseAuth("service-auth", values["service-auth"]),
    seed: parseCount("seed", values.seed, 2 ** 32 - 1),
    items: parseCount("items", values.items, 1_000_000),
    serviceTimeMs: parseCount("service-time", values["service-time"], 600_000),
    nagleDelayMs: parseCount("nagle-delay", values["nagle-delay"], 600_000),
    config: { folder: values["config-folder"] },
    worker: values.worker,
    // Nobody can read them from outside, and a demo may run for weeks.
    recordedRequestsMax: 0,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        "client-port": { type: "string", default: "8090" },
        "service-port": { type: "string", default: "8080" },
        host: { type: "string", default: "127.0.0.1" },
        "client-auth": { type: "string", default: "none" },
        "service-auth": { type: "string", default: "none" },
        seed: { type: "string", default: "1" },
        items: { type: "string", default: "42" },
        "service-time": { type: "string", default: "0" },
        "nagle-delay": { type: "string", default: "0" },
        "config-folder": { type: "string" },
        worker: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    // parseArgs explains itself well; only its stack is of no use here.
    throw new UsageError(`${error instanceof Error ? error.message : String(error)} Try --help.`, { cause: error });
  }
}

function parseCount(name: string, value: string, max: number): number {
  const count = Number(value);
  if (/^[0-9]+$/.test(value) && count <= max) return count;
  throw new UsageError(`--${name} must be a whole number from 0 to ${max}, not "${value}".`);
}

/** The value is never repeated in the error: it holds a password. */
function parseAuth(name: string, value: string): SimulatorAuth {
  if (value === "none") return { type: "none" };
  const [, type, secret] = /^(basic|bearer) (\S.*)$/.exec(value) ?? [];
  if (secret !== undefined && type === "bearer") return { type, value: secret };
  if (secret?.includes(":") === true && type === "basic") return { type, value: secret };
  throw new UsageError(`--${name} must be "none", "basic user:password" or "bearer token".`);
}

async function start(options: SimulatorOptions): Promise<RobinSimulator> {
  try {
    return await createRobinSimulator(options);
  } catch (error) {
    throw new UsageError(explainListenError(error), { cause: error });
  }
}

function explainListenError(error: unknown): string {
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === "EADDRINUSE")
    return `Port ${port ?? "?"} is in use by another program; choose another with --client-port or --service-port.`;
  if (code === "EACCES") return `Port ${port ?? "?"} needs more rights than this user has; choose one above 1023.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `This machine has no address ${address ?? "of that name"}; check --host.`;
  throw error;
}
