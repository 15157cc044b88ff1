import { readFile, writeFile } from "node:fs/promises";
import { createOpenApiDocument } from "../src/openapi.ts";
import { version } from "../src/version.ts";

// Writes openapi.json from the router; with --check it only compares, for CI.
const file = new URL("../openapi.json", import.meta.url);
const fresh = `${JSON.stringify(createOpenApiDocument(version), null, 2)}\n`;

if (process.argv.includes("--check")) {
  const committed = await readFile(file, "utf8").catch(() => "");
  if (committed !== fresh) {
    console.error("apps/gateway/openapi.json is not what the router says. Run: pnpm generate");
    process.exitCode = 1;
  }
} else {
  await writeFile(file, fresh);
}
