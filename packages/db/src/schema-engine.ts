/** Prisma's schema engine as WebAssembly: the same engine as `prisma migrate`, without a binary to download. */
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { CataloguePg } from "./catalogue-adapter.ts";

/** The one call that we make; the compiler knows the whole of it only from the browser's library. */
declare const WebAssembly: {
  instantiate(wasm: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

let loaded: Promise<void> | undefined;

async function load(): Promise<void> {
  const script = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const wasm = await readFile(script.replace(/\.js$/, ".wasm"));
  const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

/** Runs `use` with an engine on the database at `url`. The engine takes advisory lock 72707369 while it migrates. */
export async function withSchemaEngine<T>(url: string, use: (engine: bindings.SchemaEngine) => Promise<T>): Promise<T> {
  await (loaded ??= load());
  const pg = new CataloguePg(url);
  try {
    const factory = bindMigrationAwareSqlAdapterFactory(pg);
    using engine = await bindings.SchemaEngine.new({ datamodels: undefined }, () => undefined, factory);
    return await use(engine);
  } finally {
    await pg.disconnect();
  }
}
