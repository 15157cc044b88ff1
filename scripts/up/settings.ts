import path from "node:path";

export type Settings = {
  dataDir: string;
  host: string;
  port: number;
  /** The environment for the children; empty variables are left out, as compose files pass unset ones on as empty. */
  env: NodeJS.ProcessEnv;
  adminUsername: string;
  hasDatabase: boolean;
  hasRobin: boolean;
};

export function readSettings(root: string, source: NodeJS.ProcessEnv): Settings {
  const env = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
  const has = (...names: string[]) => names.some((name) => env[name] !== undefined);
  return {
    dataDir: path.resolve(root, env.DATA_DIR ?? ".data"),
    host: env.HOST ?? "0.0.0.0",
    port: Number(env.PORT ?? 8000),
    env,
    adminUsername: env.ADMIN_USERNAME ?? "admin@robin.local",
    // The second name of each is the one that the former gateway reads.
    hasDatabase: has("DATABASE_URL", "DB_HOST"),
    hasRobin: has("ROBIN_CLIENT_API_URL", "ROBIN_CLIENT_URL"),
  };
}
