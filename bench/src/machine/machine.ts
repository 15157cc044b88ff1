import { type Measurable, type PreparedAnswer, startPrepared, startProxy } from "./baseline.ts";
import { startDatabase } from "./database.ts";
import { type Gateway, type GatewaySetup, startGateway } from "./gateway.ts";
import type { GatewayProgram } from "./gateway-program.ts";
import { type Redis, startRedis } from "./redis.ts";
import { type Robin, type RobinSetup, startRobin } from "./robin.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { startWorker, type WorkerSetup } from "./worker.ts";

/** Starts what a scenario needs. All of it is gone when the scenario is over. */
export interface Machine {
  databaseUrl: string;
  program: GatewayProgram;
  robin(setup?: RobinSetup): Promise<Robin>;
  gateway(setup: GatewaySetup): Promise<Gateway>;
  worker(setup: Pick<WorkerSetup, "robin" | "env">): Promise<Program>;
  prepared(kind: "bare" | "express", answer: PreparedAnswer): Promise<Measurable>;
  proxy(robinUrl: string): Promise<Measurable>;
  /** Undefined when there is no redis-server on PATH. */
  redis(): Promise<Redis | undefined>;
  defer: Scope["defer"];
}

type ProgramChoice = { program: GatewayProgram; profile: string | undefined };

/** The database is the same for all scenarios. */
export async function createMachine(whole: Scope, choice: ProgramChoice): Promise<(scope: Scope) => Machine> {
  const databaseUrl = await startDatabase(whole);
  return (scope) => ({
    databaseUrl,
    program: choice.program,
    robin: (setup) => startRobin(scope, setup),
    gateway: (setup) => startGateway(scope, { databaseUrl, ...choice, ...setup }),
    worker: (setup) => startWorker(scope, { databaseUrl, ...choice, ...setup }),
    prepared: (kind, answer) => startPrepared(scope, kind, answer),
    proxy: (robinUrl) => startProxy(scope, robinUrl),
    redis: () => startRedis(scope),
    defer: (undo) => {
      scope.defer(undo);
    },
  });
}
