/**
 * Gateway and worker as one file each, for a quick start and little memory (docs/adr/0017). The sources have to stay where
 * they are: migrations, assets and native packages are read from there.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { root, runCommand } from "./command.ts";

export interface Bundle {
  gateway: string;
  worker: string;
}

/** Flags for Node with which the programs keep within their memory and lose no speed (docs/adr/0017). */
export const nodeFlags = ["--max-semi-space-size=8", "--max-old-space-size=1024"];

/** Variables for the same end: glibc keeps much of what is freed, once for each thread. */
export const nodeVariables = { MALLOC_ARENA_MAX: "1" };

const distDir = path.join(root, "dist");
/** A running gateway may still load a part of an earlier one, or start another process from it. */
const keptMin = 3;
const keptMs = 24 * 60 * 60 * 1000;

const isTest = (file: string): boolean => /\.test\.ts$|\/testing\//.test(file);

/** The bundle of the present sources, made unless it is there. */
export async function bundleIfNeeded(): Promise<Bundle> {
  const outDir = path.join(distDir, contentHash());
  if (!existsSync(outDir)) {
    const unfinished = `${outDir}.${process.pid}`;
    const code = await runCommand([process.execPath, "scripts/bundle/make.ts", `--out=${unfinished}`]);
    if (code !== 0) throw new Error("Gateway and worker could not be bundled; the reason is above.");
    try {
      renameSync(unfinished, outDir);
    } catch (error) {
      // Another one was quicker.
      rmSync(unfinished, { recursive: true, force: true });
      if (!existsSync(outDir)) throw error;
    }
    removeOldBundles();
  }
  return programsIn(outDir);
}

/** Everything that decides what the bundle contains. */
function contentHash(): string {
  const hash = createHash("sha256");
  const sources = globSync("{apps,packages}/*/src/**/*.{ts,json}", { cwd: root }).filter((file) => !isTest(file));
  const manifests = globSync("{apps,packages}/*/package.json", { cwd: root });
  const others = ["pnpm-lock.yaml", "scripts/bundle/make.ts", "scripts/bundle/plugins.ts"];
  for (const file of [...sources, ...manifests, ...others].sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

function removeOldBundles(): void {
  const folders = readdirSync(distDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[0-9a-f]{16}(\.\d+)?$/.test(entry.name))
    .map(({ name }) => path.join(distDir, name))
    .map((folder) => ({ folder, madeAt: statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.madeAt - a.madeAt);
  for (const { folder, madeAt } of folders.slice(keptMin)) {
    if (Date.now() - madeAt > keptMs) rmSync(folder, { recursive: true, force: true });
  }
}

function programsIn(outDir: string): Bundle {
  return { gateway: path.join(outDir, "gateway.js"), worker: path.join(outDir, "worker.js") };
}
