import { ConfigFileError, type ConfigFolder } from "@robin/config-files";
import type { Db, Prisma } from "@robin/db";
import { type ConfigSection, isRobinError, type RobinClient } from "@robin/sdk";
import type { Clock, Logger } from "../../context.ts";
import { takeLock } from "../../locks.ts";
import { blocklistFile, handWritten, writeBlocklist } from "./blocklist-file.ts";

export interface BlocklistParts {
  db: Db;
  robin: RobinClient;
  clock: Clock;
  logger: Logger;
  /** Robin's configuration. Without it the list is kept, but Robin never learns of it. */
  folder: ConfigFolder | undefined;
}

export interface Projection {
  /** Robin's file has the list as it is, and Robin has read it. */
  projected: boolean;
  /** Why not, for the operator. */
  problem?: string;
  switchedOn: boolean;
  /** What Robin blocks whatever our list says. */
  handWritten: ReadonlySet<string>;
}

export interface BlocklistProjector {
  /**
   * Brings Robin's file to what the table has now, when they differ, and has Robin read it. Never rejects: what goes
   * wrong is in the answer and in the log, and a later run mends it. What was committed before the call is in it.
   */
  project(): Promise<Projection>;
}

export const notConfigured =
  "Robin is not told of the list: ROBIN_CONFIG_DIR does not name the folder of Robin's configuration.";

/** Reading its files takes Robin as long as its own configuration store lets it; a request does not wait for that. */
const reloadTimeoutMs = 4000;
/** The other process that holds the lock may itself be waiting for the folder. */
const writeTimeoutMs = 20_000;

export function createBlocklistProjector(parts: BlocklistParts): BlocklistProjector {
  let running: Promise<Projection> | undefined;
  let next: Promise<Projection> | undefined;

  const start = (): Promise<Projection> => {
    running = run(parts).finally(() => (running = undefined));
    return running;
  };
  return {
    // However many change the list at once, one run works and one waits, with all of their changes.
    project() {
      if (!running) return start();
      next ??= running.then(() => {
        next = undefined;
        return start();
      });
      return next;
    },
  };
}

/** True when an entry has expired since the last projection, when that failed or is a minute ago, and when there was none. */
export async function isProjectionDue(db: Db, now: Date): Promise<boolean> {
  const { projectedAt, problem } = (await db.blocklistProjection.findUnique({ where: { id: 1 } })) ?? {};
  if (!projectedAt || problem || now.getTime() - projectedAt.getTime() >= 60_000) return true;
  return (await db.blocklistEntry.count({ where: { active: true, expiresAt: { gt: projectedAt, lte: now } } })) > 0;
}

/** What Robin shall block at that moment: it knows addresses and networks only. */
export function inForce(now: Date): Prisma.BlocklistEntryWhereInput {
  return { active: true, type: { not: "DOMAIN" }, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
}

async function run(parts: BlocklistParts): Promise<Projection> {
  const { folder } = parts;
  const nothing = { switchedOn: false, handWritten: new Set<string>() };
  if (!folder) return { projected: false, problem: notConfigured, ...nothing };
  let written: Written | undefined;
  try {
    written = await write(parts, folder);
    const problem = await load(parts, written);
    return { projected: problem === undefined, ...(problem !== undefined && { problem }), ...written };
  } catch (error) {
    const problem = describe(error);
    await remember(parts, problem, error);
    return { projected: false, problem, ...nothing, ...written };
  }
}

/** Logged once, however often it is tried again. */
async function remember({ db, logger }: BlocklistParts, problem: string, error: unknown): Promise<void> {
  try {
    const state = await db.blocklistProjection.findUnique({ where: { id: 1 } });
    if (state?.problem === problem) return;
    await db.blocklistProjection.upsert({ where: { id: 1 }, create: { id: 1, problem }, update: { problem } });
  } catch {
    // Without its database the worker tries again all the same.
  }
  logger.warn({ err: error }, "the blocklist could not be brought to Robin; the worker tries again");
}

interface Written {
  at: Date;
  switchedOn: boolean;
  handWritten: ReadonlySet<string>;
  /** Undefined when there is no file, and nothing to write into one. */
  version: string | undefined;
  isOurs: boolean;
}

/** Under a lock of the database: whoever writes has read the table after the one who wrote before. */
function write({ db, clock }: BlocklistParts, folder: ConfigFolder): Promise<Written> {
  return db.$transaction(
    async (tx) => {
      await takeLock(tx, "blocklist");
      const at = clock.now();
      const rows = await tx.blocklistEntry.findMany({
        where: inForce(at),
        orderBy: { network: "asc" },
        select: { value: true },
      });
      const wanted = rows.map(({ value }) => value);
      const before = await folder.read(blocklistFile);
      if (!before && wanted.length === 0) {
        return { at, switchedOn: false, handWritten: new Set<string>(), version: undefined, isOurs: false };
      }
      await refuseInlineSection(folder);
      let switchedOn = false;
      const file = await folder.update(blocklistFile, (current) => {
        const result = writeBlocklist(current, wanted);
        switchedOn = result.switchedOn;
        return result.text;
      });
      const isOurs = wanted.length > 0 || file.version !== before?.version;
      return { at, switchedOn, handWritten: handWritten(file), version: file.version, isOurs };
    },
    { maxWait: writeTimeoutMs, timeout: writeTimeoutMs },
  );
}

/** @throws ConfigFileError when Robin takes its blocklist from somewhere else. */
async function refuseInlineSection(folder: ConfigFolder): Promise<void> {
  // A server.json5 that cannot be read is told of where it is edited.
  const server = await folder.read("server").catch(() => undefined);
  if (server?.value[blocklistFile] === undefined) return;
  const message = "Robin does not look at blocklist.json5: there is a section `blocklist` in its server.json5.";
  throw new ConfigFileError("conflict", message);
}

/** Has Robin read the file unless it has this very one. Resolves with what keeps Robin from reading it all the same. */
async function load({ db, robin }: BlocklistParts, { at, version, isOurs }: Written): Promise<string | undefined> {
  const state = await db.blocklistProjection.findUnique({ where: { id: 1 } });
  const isLoaded = version === undefined || version === state?.loadedVersion || (!isOurs && !state?.loadedVersion);
  // What is wrong with how Robin is set up is looked at anew when there is something to read.
  const lasting = [reloadingIsOff, storeRules].find((sentence) => sentence === state?.problem);
  const problem = isLoaded ? lasting : await reload(robin);
  const loadedVersion = isLoaded ? (state?.loadedVersion ?? null) : version;
  const data = { projectedAt: at, loadedVersion, problem: problem ?? null };
  await db.blocklistProjection.upsert({ where: { id: 1 }, create: { id: 1, ...data }, update: data });
  return problem;
}

const reloadingIsOff =
  "Robin reads the list at its next start: its properties switch reloading off (serverAutoReload).";
const storeRules =
  "Robin takes its files from its configuration store, which may put another list in place of this one.";

async function reload(robin: RobinClient): Promise<string | undefined> {
  const options = { timeoutMs: reloadTimeoutMs };
  await robin.config.reload(options);
  // Robin says OK either way.
  const sections = await robin.config.sections(options);
  if (!reloadsServer(sections)) return reloadingIsOff;
  const { enabled } = await robin.config.syncStatus(options);
  return enabled ? storeRules : undefined;
}

function reloadsServer(sections: readonly ConfigSection[]): boolean {
  const properties = sections.find(({ name }) => name === "properties")?.values ?? {};
  const { serverAutoReload } = properties as { serverAutoReload?: { enabled?: unknown } };
  return serverAutoReload?.enabled === true;
}

function describe(error: unknown): string {
  if (error instanceof ConfigFileError) return `Robin's file could not be changed. ${error.message}`;
  if (isRobinError(error)) return "The list is in Robin's file, but Robin could not be asked to read it.";
  return "The list could not be brought to Robin; the gateway's log says why.";
}
