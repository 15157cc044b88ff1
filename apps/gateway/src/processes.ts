/** The primary process: it shares the port among WORKERS processes, keeps them alive, and serves nothing itself. */
import cluster, { type Worker } from "node:cluster";
import { announce } from "./announce.ts";
import { createCrew, type Member } from "./crew.ts";
import type { Env } from "./env.ts";
import { closeLostConnections } from "./handed-connections.ts";
import { createLogger } from "./logger.ts";
import { createMetricsPool } from "./process-metrics.ts";
import { type Order, prepareFlag, type Ready, type Report } from "./process-messages.ts";

/** A process is ended by force only after it had the time to do so itself. */
const forceAfterGraceMs = 2000;

type ProcessesEnv = Pick<Env, "WORKERS" | "SHUTDOWN_SECONDS" | "LOG_LEVEL" | "LOG_FORMAT">;

/** Resolves when every process serves. @throws StartFailure */
export async function runProcesses(env: ProcessesEnv): Promise<void> {
  const logger = createLogger({ level: env.LOG_LEVEL, format: env.LOG_FORMAT });
  cluster.schedulingPolicy = cluster.SCHED_RR;

  const fork = (first: boolean): Member => {
    cluster.setupPrimary({ args: first ? [prepareFlag] : [] });
    const worker = cluster.fork();
    closeLostConnections(worker);
    const member = asMember(worker, (report) => {
      receive(member, report);
    });
    void member.exited.then(() => {
      metrics.bury(member);
    });
    return member;
  };
  const crew = createCrew({
    size: env.WORKERS,
    fork,
    logger,
    graceMs: env.SHUTDOWN_SECONDS * 1000 + forceAfterGraceMs,
  });
  const metrics = createMetricsPool(crew);
  const receive = (member: Member, report: Report): void => {
    metrics.receive(member, report);
    if (!("type" in report) || report.type !== "metrics.wanted") return;
    void metrics.collect().then((text) => {
      member.send({ type: "metrics.text", id: report.id, text });
    });
  };

  let stopping = false as boolean;
  const stop = (reason: string, exitCode = 0): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, "gateway is stopping");
    void crew.stop().finally(() => process.exit(exitCode));
  };
  process.once("SIGTERM", () => {
    stop("SIGTERM");
  });
  process.once("SIGINT", () => {
    stop("SIGINT");
  });
  process.removeAllListeners("disconnect").once("disconnect", () => {
    stop("parent is gone");
  });
  process.on("SIGHUP", () => void crew.replaceAll());
  void crew.hopeless.then((how) => {
    process.stderr.write(`No process of the gateway stays alive (${how}); the reasons are above.\n`);
    stop("no process stays alive", 1);
  });

  const answer = await crew.start().catch((error: unknown) => {
    if (!stopping) throw error;
  });
  if (!answer) return;
  logger.info({ url: answer.url, processes: env.WORKERS }, "gateway is listening with several processes");
  announce(answer);
}

function asMember(worker: Worker, onReport: (report: Report) => void): Member {
  const { promise: ready, resolve } = Promise.withResolvers<Ready>();
  worker.on("message", (report: Report) => {
    if ("ready" in report) resolve(report);
    onReport(report);
  });
  // A channel that has just closed; "exit" tells the rest.
  worker.on("error", () => undefined);
  const exited = new Promise<string>((done) => {
    worker.once("exit", (code: number | null, signal: string | null) => {
      done(signal ? `signal ${signal}` : `exit code ${String(code)}`);
    });
  });
  return {
    pid: worker.process.pid,
    ready,
    exited,
    send(order: Order) {
      if (worker.isConnected()) worker.send(order);
    },
    kill() {
      worker.process.kill("SIGKILL");
    },
  };
}
