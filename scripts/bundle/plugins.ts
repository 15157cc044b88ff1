/** Where the bundle differs from the sources. Modules stay on their lines, so that source maps fit. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Plugin } from "rolldown";

/** `file` as a module of the bundle names it. */
function relativeTo(outDir: string, file: string): string {
  return path.relative(outDir, file).split(path.sep).join("/");
}

/**
 * Leaves some files where they are: native code, which no bundle can hold, and the tables of Asian character sets, a
 * megabyte that is read when the first such text comes.
 */
export function leftOutside(outDir: string): Plugin {
  return {
    name: "left-outside",
    resolveId(id, importer) {
      const isTable = importer?.includes("/iconv-lite/encodings/") === true && id.startsWith("./tables/");
      if (importer === undefined || !(isTable || id === "@node-rs/bcrypt")) return null;
      return { id: relativeTo(outDir, createRequire(importer).resolve(id)), external: true };
    },
  };
}

/**
 * Our modules go on finding what lies beside their sources, such as migrations and the assets of packages. Threads are
 * the exception: they are in the bundle too, each a file of its own.
 */
export function placesOfSources(root: string, outDir: string): Plugin {
  return {
    name: "places-of-sources",
    transform(code, id) {
      if (!id.startsWith(root + path.sep) || id.includes("node_modules") || !code.includes("import.meta.")) return null;
      const file = JSON.stringify(relativeTo(outDir, id));
      const folder = JSON.stringify(`/${relativeTo(outDir, path.dirname(id))}`);
      const thread = /new URL\("\.\/([\w-]+\.worker)\.ts", import\.meta\.url\)/g;
      return code
        .replaceAll(thread, 'new URL("./$1.js", import.meta["url"])')
        .replaceAll("import.meta.url", `new URL(${file}, import.meta["url"]).href`)
        .replaceAll("import.meta.dirname", `(import.meta["dirname"] + ${folder})`);
    },
  };
}

/** What the worker finds in its folder of handlers when it runs from the sources. */
export function handlersOf(folder: string): Plugin {
  return {
    name: "handlers",
    load(id) {
      if (id !== path.join(path.dirname(folder), "handler-modules.ts")) return null;
      const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith("test.ts"));
      const imports = files.map((file, index) => `import * as h${index} from ${JSON.stringify(`./handlers/${file}`)};`);
      const list = files.map((_, index) => `h${index}`).join(", ");
      return `${imports.join("\n")}\nexport const importHandlers = () => Promise.resolve([${list}]);`;
    },
  };
}

/** Prisma's query compiler as bytes in a file; as text it stays in memory, two bytes for a character. */
export const wasmAsFile: Plugin = {
  name: "wasm-as-file",
  load(id) {
    if (!id.endsWith(".wasm-base64.mjs")) return null;
    const [, text] = /"([A-Za-z0-9+/=]+)"/.exec(readFileSync(id, "utf8")) ?? [];
    if (text === undefined) throw new Error(`${id} holds no base64 any more.`);
    const fileName = path.basename(id, "-base64.mjs");
    this.emitFile({ type: "asset", fileName, source: Buffer.from(text, "base64") });
    return `import { readFileSync } from "node:fs";
export const wasm = readFileSync(import.meta.dirname + "/${fileName}");`;
  },
};

/** Our errors are in English; zod brings fifty languages. */
export const englishOnly: Plugin = {
  name: "english-only",
  load: (id) => (id.endsWith("/zod/v4/locales/index.js") ? 'export { default as en } from "./en.js";' : null),
};

/** V8 keeps a source with one letter beyond Latin 1 in twice the memory. */
export const asciiOnly: Plugin = {
  name: "ascii-only",
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type !== "chunk") continue;
      file.code = file.code.replaceAll(/[^\p{ASCII}]/gu, (letter) =>
        letter
          .split("")
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
          .join(""),
      );
    }
  },
};
