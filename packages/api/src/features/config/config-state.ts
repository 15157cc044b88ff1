import { type ConfigFile, ConfigFileError, type ConfigObject } from "@robin/config-files";
import { type CallOptions, type ConfigSection, type ConfigSyncStatus, isRobinError } from "@robin/sdk";
import type { Context } from "../../context.ts";
import { AppError, type AppErrorCode } from "../../errors.ts";
import { findSection, type Section, unlistedSection, valuesInForce } from "./config-sections.ts";
import { withoutNulls } from "./config-values.ts";
import { readOwnDocument } from "./documents.ts";
import { hasUiDocument, toDocument } from "./ui-documents.ts";

/** What Robin tells of itself. */
export interface RobinView {
  shown: readonly ConfigSection[];
  sync: ConfigSyncStatus;
}

/** @throws RobinError */
export async function askRobin(ctx: Context, options: CallOptions): Promise<RobinView> {
  const { config } = ctx.deps.robin;
  const sections = config.sections(options).catch((error: unknown) => {
    // A broken file, not only the one in question, fails Robin's page the first time that Robin reads it.
    if (!isRobinError(error) || error.status !== 500) throw error;
    return config.sections(options);
  });
  const [shown, sync] = await Promise.all([sections, config.syncStatus(options)]);
  return { shown, sync };
}

/** A section as it is kept: in Robin's file, else as Robin shows it, and in our own document. */
export interface SectionState {
  section: Section;
  source: "file" | "robin" | "gateway";
  /** In clear; nulls left out. */
  document: ConfigObject;
  /** Robin's part of it, as Robin has it. */
  robin: ConfigObject;
  file: ConfigFile | undefined;
  /** Of all that the document is made of. Undefined where nothing can be changed. */
  version: string | undefined;
}

/** @throws AppError `not_found` when neither the folder nor Robin has it. */
export async function readState(ctx: Context, name: string, view: RobinView | undefined): Promise<SectionState> {
  const shown = view?.shown ?? [];
  const shownSection = shown.find((candidate) => candidate.name === name.toLowerCase());
  const section = findSection(name) ?? (shownSection && unlistedSection(shownSection));
  if (!section) throw noSuchSection();
  const own = hasUiDocument(section.name) ? await readOwnDocument(ctx.deps.db, section.name) : undefined;
  const ofRobin = section.keptByGateway ? undefined : valuesInForce(section, shown);
  const isInFolder = section.file !== undefined && ctx.deps.configFolder !== undefined;
  const file = await readFile(ctx, section, ofRobin !== undefined);
  const values = file?.value ?? ofRobin;
  if (!values && !own && !isInFolder) throw noSuchSection();
  const version = [...(isInFolder ? [file?.version ?? "none"] : []), ...(own ? [own.version] : [])].join("-");
  return {
    section,
    source: section.keptByGateway ? "gateway" : isInFolder && (file || !ofRobin) ? "file" : "robin",
    document: withoutNulls(toDocument(section.name, values ?? {}, own?.value ?? {})),
    robin: values ?? {},
    file,
    version: version === "" ? undefined : version,
  };
}

const noSuchSection = () => new AppError("not_found", "Robin has no section of this name in its configuration.");

/** A file that cannot be read is no obstacle to reading what Robin has in force. */
async function readFile(ctx: Context, { file }: Section, orElse: boolean): Promise<ConfigFile | undefined> {
  if (file === undefined) return undefined;
  try {
    return await ctx.deps.configFolder?.read(file);
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    if (orElse) return undefined;
    throw fromFileError(error);
  }
}

/** Why a change of the section could have no effect. `not_implemented` is a matter of how the gateway is set up. */
export interface Obstacle {
  code: "not_implemented" | "conflict";
  message: string;
}

export async function findObstacles(ctx: Context, section: Section, view: RobinView | undefined): Promise<Obstacle[]> {
  const { configFolder } = ctx.deps;
  if (section.readOnly !== undefined) return [{ code: "conflict", message: section.readOnly }];
  if (section.keptByGateway) return [];
  if (!configFolder) {
    const message =
      "This gateway cannot change Robin's files: mount Robin's configuration folder and set ROBIN_CONFIG_DIR.";
    return [{ code: "not_implemented", message }];
  }
  if (section.file === undefined) return [{ code: "conflict", message: "The gateway does not know its file." }];
  const obstacle = await configFolder.obstacle();
  if (obstacle) return [toObstacle(obstacle)];
  const byStore = view?.sync.enabled
    ? "Robin takes its files from its configuration store, which would overwrite the change: make it there."
    : undefined;
  const problems = [
    byStore,
    await inlineProblem(ctx, section),
    await configFolder.read(section.file).then(() => undefined, problemOf),
  ];
  return problems.flatMap((message) => (message === undefined ? [] : [{ code: "conflict", message }]));
}

/** Robin reads the file of a section only when server.json5 does not hold the section itself. */
async function inlineProblem(ctx: Context, { key, name }: Section): Promise<string | undefined> {
  if (["server", "properties", "client"].includes(name)) return undefined;
  try {
    const server = await ctx.deps.configFolder?.read("server");
    if (!server || !Object.hasOwn(server.value, key)) return undefined;
    return `server.json5 holds the key ${key} itself, so Robin does not read ${key}.json5: change it in the section server.`;
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof ConfigFileError)) throw error;
  return error.message;
}

const codes: Partial<Record<ConfigFileError["kind"], AppErrorCode>> = {
  missing: "not_implemented",
  not_permitted: "not_implemented",
  read_only: "not_implemented",
  conflict: "precondition_failed",
  invalid_name: "not_found",
  too_large: "invalid_input",
};

function toObstacle(error: ConfigFileError): Obstacle {
  return { code: codes[error.kind] === "not_implemented" ? "not_implemented" : "conflict", message: error.message };
}

/** What went wrong with a file, for the caller: its messages name no path and no value. */
export function fromFileError(error: ConfigFileError): AppError {
  return new AppError(codes[error.kind] ?? "conflict", error.message, { cause: error });
}
