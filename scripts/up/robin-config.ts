import { shippedConfigFiles } from "@robin/simulator";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The configuration folder of the simulated Robin: Robin's own files at the first start, then whatever was made of them. */
export function robinConfigDir(dataDir: string): string {
  const folder = path.join(dataDir, "robin-config");
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) === undefined) return folder;
  for (const [name, text] of Object.entries(shippedConfigFiles)) {
    writeFileSync(path.join(folder, name), `${text}\n`, { mode: 0o600 });
  }
  return folder;
}
