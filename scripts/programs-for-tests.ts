/** What the tests want and npm cannot give: programs of Debian packages of the same name. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { findOnPath } from "../tooling/vitest/find-on-path.ts";
import { root, runCommand } from "./command.ts";

interface Program {
  name: string;
  /** The test files that cannot be run without it are those of `files` that mention it. */
  files: string;
  mention: RegExp;
}

const programs: Program[] = [
  { name: "redis-server", files: "*.integration.test.ts", mention: /redis/i },
  { name: "openssl", files: "*.test.ts", mention: /openssl/ },
];

export interface LeftOut {
  file: string;
  why: string;
}

/** `[]` as root, `["sudo", "-n"]` where sudo asks for no password, else undefined. */
async function asRoot(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  return (await runCommand(["sudo", "-n", "true"], { quiet: true })) === 0 ? ["sudo", "-n"] : undefined;
}

/** Installs the programs that are missing, where we may, and returns why not otherwise. */
async function install(names: string[]): Promise<string> {
  if ((await runCommand(["apt-get", "--version"], { quiet: true })) !== 0) return "is not on PATH";
  const prefix = await asRoot();
  if (!prefix) return "is not on PATH, and installing it needs root";
  console.log(`Installing ${names.join(" and ")} for the tests...`);
  // In runlevel 1 a package does not start a server of its own.
  const apt = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq"];
  await runCommand([...apt, "update"], { quiet: true });
  await runCommand([...apt, "install", "-y", "--no-install-recommends", ...names], { quiet: true });
  return "is not on PATH, and apt-get could not install it";
}

/** Sees to it that the programs are there. Returns the test files that have to be left out because one is not. */
export async function ensurePrograms(): Promise<LeftOut[]> {
  const missing = () => programs.filter(({ name }) => findOnPath(name) === undefined);
  if (missing().length === 0) return [];
  const reason = await install(missing().map(({ name }) => name));
  return missing().flatMap(({ name, files, mention }) => {
    const all = globSync(`{packages,apps,tooling}/*/**/${files}`, {
      cwd: root,
      exclude: (entry) => entry === "node_modules" || entry.endsWith("/node_modules"),
    });
    const needing = all.filter((file) => mention.test(readFileSync(path.join(root, file), "utf8"))).sort();
    return needing.map((file) => ({ file, why: `${name} ${reason}` }));
  });
}
