/**
 * Writes the bundle of the present sources into a folder. A program of its own: the bundler keeps hundreds of megabytes
 * for as long as its process lives.
 *
 * Usage: node scripts/bundle/make.ts --out=FOLDER [--sourcemap]
 */
import { globSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { rolldown } from "rolldown";
import { root } from "../command.ts";
import { asciiOnly, englishOnly, handlersOf, leftOutside, placesOfSources, wasmAsFile } from "./plugins.ts";

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

const { values } = parseArgs({ options: { out: { type: "string" }, sourcemap: { type: "boolean", default: false } } });
if (values.out === undefined) throw new Error("--out=FOLDER is missing");
await build(path.resolve(values.out), { sourcemap: values.sourcemap });
