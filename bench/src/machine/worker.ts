import { bundleIfNeeded, nodeFlags } from "../../../scripts/bundle.ts";
import type { GatewayProgram } from "./gateway-program.ts";
import { type Program, startProgram } from "./program.ts";
import type { Robin } from "./robin.ts";
import type { Scope } from "./scope.ts";

export interface WorkerSetup {
  robin: Robin;
  databaseUrl: string;
  /** The worker is started like the gateway. */
  program: GatewayProgram;
  env?: Record<string, string>;
}

/** The worker of the same gateway, on the core of everything else. */
export async function startWorker(scope: Scope, { robin, databaseUrl, program, env }: WorkerSetup): Promise<Program> {
  const file = program.kind === "sources" ? "apps/worker/src/main.ts" : (await bundleIfNeeded()).worker;
  return startProgram(scope, {
    name: "worker",
    args: [...nodeFlags, file],
    core: "rest",
    cwd: program.cwd,
    env: {
      ...program.env,
      NODE_ENV: "production",
      DATABASE_URL: databaseUrl,
      ROBIN_CLIENT_API_URL: robin.clientUrl,
      ROBIN_SERVICE_API_URL: robin.serviceUrl,
      WORKER_HEALTH_PORT: "0",
      LOG_LEVEL: "warn",
      ...env,
    },
  });
}
