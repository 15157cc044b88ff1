/** Redis is the one thing that the tests want and npm cannot give. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { findRedisServer } from "../tooling/vitest/redis.ts";
import { root, runCommand } from "./command.ts";

/** `[]` as root, `["sudo", "-n"]` where sudo asks for no password, else undefined. */
async function asRoot(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  return (await runCommand(["sudo", "-n", "true"], { quiet: true })) === 0 ? ["sudo", "-n"] : undefined;
}

/** Installs redis-server where we may, and returns why not otherwise. */
export async function ensureRedis(): Promise<string | undefined> {
  if (findRedisServer()) return undefined;
  if ((await runCommand(["apt-get", "--version"], { quiet: true })) !== 0) return "redis-server is not on PATH";
  const prefix = await asRoot();
  if (!prefix) return "redis-server is not on PATH, and installing it needs root";
  console.log("Installing redis-server for the tests...");
  // In runlevel 1 the package does not start a Redis of its own.
  const apt = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq"];
  await runCommand([...apt, "update"], { quiet: true });
  const code = await runCommand([...apt, "install", "-y", "--no-install-recommends", "redis-server"], { quiet: true });
  if (code !== 0 || !findRedisServer()) return "redis-server is not on PATH, and apt-get could not install it";
  return undefined;
}

/** The test files that have to do with Redis, by what they say: those that talk about it cannot be run without it. */
export function suitesWithRedis(): string[] {
  const files = globSync("{packages,apps,tooling}/*/**/*.integration.test.ts", {
    cwd: root,
    exclude: (name) => name === "node_modules" || name.endsWith("/node_modules"),
  });
  return files.filter((file) => /redis/i.test(readFileSync(path.join(root, file), "utf8"))).sort();
}
