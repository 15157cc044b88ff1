/** Generates the Prisma client into src/generated, unless the one there already belongs to the present schema. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const packageDir = path.dirname(import.meta.dirname);
const stampFile = path.join(packageDir, "src/generated/.stamp");
const prismaCli = path.join(packageDir, "node_modules/prisma/build/index.js");

function currentStamp(): string {
  const { version } = createRequire(import.meta.url)("prisma/package.json") as { version: string };
  const hash = createHash("sha256").update(version);
  for (const file of ["prisma/schema.prisma", "prisma.config.ts"])
    hash.update(readFileSync(path.join(packageDir, file)));
  return hash.digest("hex");
}

function storedStamp(): string | undefined {
  try {
    return readFileSync(stampFile, "utf8");
  } catch {
    return undefined;
  }
}

/** Returns whether it had to generate. Throws with Prisma's own output when the schema is wrong. */
export function generateIfNeeded(): boolean {
  const stamp = currentStamp();
  if (storedStamp() === stamp) return false;
  const result = spawnSync(process.execPath, [prismaCli, "generate"], {
    cwd: packageDir,
    encoding: "utf8",
    // Generating needs no engine; naming any existing file keeps Prisma from downloading one.
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      CHECKPOINT_DISABLE: "1",
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
    },
  });
  if (result.status !== 0)
    throw new Error(`prisma generate failed:\n${result.stdout}${result.stderr}`, { cause: result.error });
  writeFileSync(stampFile, stamp);
  return true;
}

if (import.meta.main) console.log(generateIfNeeded() ? "Prisma client generated." : "Prisma client is up to date.");
