/**
 * `npm run reset-password [-- user@name]`: gives an account a new random password and ends its sessions; without a name
 * it is the first administrator's. Works while the gateway runs and while it does not.
 */
import { randomBytes, randomUUID } from "node:crypto";
import path from "node:path";
import { createPasswords, directHashing, setPassword, systemClock } from "@robin/api";
import { createDb } from "@robin/db";
import { runningPostgresUrl, startEmbeddedPostgres } from "@robin/db/embedded";
import { root } from "./command.ts";
import { readSettings } from "./up/settings.ts";

type Database = { url: string; stop: () => Promise<void> };

async function openDatabase(url: string | undefined, dataDir: string): Promise<Database> {
  const known = url ?? runningPostgresUrl(dataDir);
  return known === undefined ? startEmbeddedPostgres({ dataDir }) : { url: known, stop: () => Promise.resolve() };
}

async function resetPassword(): Promise<void> {
  const settings = readSettings(root, process.env);
  const username = process.argv[2] ?? settings.adminUsername;
  const { url, stop } = await openDatabase(settings.env.DATABASE_URL, path.join(settings.dataDir, "postgres"));
  const db = createDb(url, { maxConnections: 2 });
  try {
    const password = randomBytes(15).toString("base64url");
    await setPassword(
      { db, passwords: createPasswords(undefined, directHashing), clock: systemClock },
      username,
      password,
    );
    await db.auditEvent.create({
      data: {
        action: "users.resetPassword",
        targets: [username.toLowerCase()],
        outcome: "SUCCEEDED",
        finishedAt: systemClock.now(),
        requestId: randomUUID(),
        ipAddress: "command line",
      },
    });
    console.log(`${username} signs in with this password now: ${password}`);
  } finally {
    await db.$disconnect();
    await stop();
  }
}

try {
  await resetPassword();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
