/**
 * Makes gateway and worker one file each, for a quick start and little memory (docs/adr/0012). The sources have to stay
 * where they are: migrations, assets and native packages are read from there.
 *
 * Usage: node scripts/bundle.ts [--out=FOLDER]; without a folder it is dist/<hash of what went in>.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { rolldown } from "rolldown";
import { asciiOnly, englishOnly, handlersOf, leftOutside, placesOfSources, wasmAsFile } from "./bundle/plugins.ts";
import { root } from "./command.ts";

export interface Bundle {
  gateway: string;
  worker: string;
}

/** Flags for Node with which the programs keep within their memory: young objects need few megabytes (docs/adr/0012). */
export const nodeFlags = ["--max-semi-space-size=2"];

/** Variables for the same end: glibc keeps much of what is freed, once for each thread. */
export const nodeVariables = { MALLOC_ARENA_MAX: "1" };

const distDir = path.join(root, "dist");
/** A running gateway may still load a part of an earlier one. */
const keptMax = 3;

const isTest = (file: string): boolean => /\.test\.ts$|\/testing\//.test(file);

/** The bundle of the present sources, made unless it is there. */
export async function bundleIfNeeded(): Promise<Bundle> {
  const outDir = path.join(distDir, contentHash());
  if (!existsSync(outDir)) {
    const unfinished = `${outDir}.${process.pid}`;
    await build(unfinished, { sourcemap: false });
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
  const others = ["pnpm-lock.yaml", "scripts/bundle.ts", "scripts/bundle/plugins.ts"];
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
    .filter((entry) => entry.isDirectory() && /^[0-9a-f]{16}$/.test(entry.name))
    .map(({ name }) => path.join(distDir, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of folders.slice(keptMax)) rmSync(folder, { recursive: true, force: true });
}

function programsIn(outDir: string): Bundle {
  return { gateway: path.join(outDir, "gateway.js"), worker: path.join(outDir, "worker.js") };
}

async function build(outDir: string, { sourcemap }: { sourcemap: boolean }): Promise<void> {
  const threads = globSync("packages/*/src/**/*.worker.ts", { cwd: root });
  const bundler = await rolldown({
    input: {
      gateway: path.join(root, "apps/gateway/src/main.ts"),
      worker: path.join(root, "apps/worker/src/main.ts"),
      ...Object.fromEntries(threads.map((file) => [path.basename(file, ".ts"), path.join(root, file)])),
    },
    platform: "node",
    plugins: [
      leftOutside(outDir),
      placesOfSources(root, outDir),
      handlersOf(path.join(root, "apps/worker/src/handlers")),
      wasmAsFile,
      englishOnly,
      asciiOnly,
    ],
    // Lines are kept, so columns are all that can be wrong.
    onLog: (level, log, handle) => {
      if (log.code !== "SOURCEMAP_BROKEN") handle(level, log);
    },
  });
  try {
    await bundler.write({
      dir: outDir,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
      // Names stay, for stack traces and for whoever asks a function for its name.
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      sourcemap,
    });
  } finally {
    await bundler.close();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string" } } });
  if (values.out === undefined) console.log(JSON.stringify(await bundleIfNeeded()));
  else await build(path.resolve(values.out), { sourcemap: true });
}
