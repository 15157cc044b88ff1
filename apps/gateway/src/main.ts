import cluster from "node:cluster";
import { readEnv } from "./env.ts";

/** A supervisor that dies while we start leaves nothing to close. */
const giveUp = (): never => process.exit(1);

/** What an operator can mend; its message is one sentence. */
const plainErrors = ["EnvironmentError", "AppError", "DatabaseUnavailableError", "StartFailure"];

/** One sentence for what an operator can mend; a stack for what only a developer can. */
function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (plainErrors.includes(error.name)) return error.message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === "EADDRINUSE") return `Port ${port ?? "?"} is already in use. Stop what uses it, or set PORT.`;
  if (code === "EACCES") return `Port ${port ?? "?"} may not be used by this account. Set PORT to one above 1023.`;
  return error.stack ?? error.message;
}

process.once("disconnect", giveUp);
try {
  const env = readEnv();
  // The primary of several processes serves nothing, so it does without the parts that serve.
  if (env.WORKERS > 1 && cluster.isPrimary) await (await import("./processes.ts")).runProcesses(env);
  else await (await import("./serve.ts")).serve(env);
} catch (error) {
  process.stderr.write(`${failureText(error)}\n`);
  process.exit(1);
}
