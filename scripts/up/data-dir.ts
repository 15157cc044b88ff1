import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { acquireLock, LockHeldError } from "@robin/db/embedded";

/** Makes the folder of all our data and keeps a second instance out of it; returns how to let it go again. */
export function openDataDir(dataDir: string): () => void {
  try {
    mkdirSync(path.join(dataDir, "logs"), { recursive: true, mode: 0o700 });
    return acquireLock(path.join(dataDir, "lock"));
  } catch (error) {
    if (error instanceof LockHeldError) {
      const stop = `stop it with Ctrl-C where it was started, or with: kill ${error.pid}`;
      throw new Error(`Robin Gateway already runs with ${dataDir} as process ${error.pid}: ${stop}`, { cause: error });
    }
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new Error(`The data folder ${dataDir} cannot be written (${reason}): choose another with DATA_DIR.`, {
      cause: error,
    });
  }
}

/** The secret that signs access tokens, made at the first start. */
export function jwtSecret(dataDir: string): string {
  const file = path.join(dataDir, "jwt-secret");
  try {
    const secret = readFileSync(file, "utf8").trim();
    if (secret.length >= 32) return secret;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  const secret = randomBytes(48).toString("base64url");
  writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secret;
}
