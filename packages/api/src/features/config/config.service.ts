import { type ConfigSection, isRobinError } from "@robin/sdk";
import { isDeepStrictEqual } from "node:util";
import { changeOptions, type Context, readOptions } from "../../context.ts";
import { withAudit } from "../audit/audit.service.ts";
import type {
  ConfigDocument,
  GetConfigInput,
  ListConfigOutput,
  ReloadConfigOutput,
  SyncStatusOutput,
} from "./config.schemas.ts";
import { maskSecrets } from "../../secrets.ts";
import { findSection, presentSections, valuesInForce } from "./config-sections.ts";
import { askRobin, findObstacles, readState, type RobinView, type SectionState } from "./config-state.ts";
import { isReloaded, notInForce } from "./in-force.ts";

/** How long reading a file waits for Robin to say what of it is in force. */
const robinPatienceMs = 3_000;

/** The names of the sections that Robin shows or has files of, and of those that the gateway keeps. */
export async function listConfig(ctx: Context): Promise<ListConfigOutput> {
  const { configFolder, robin } = ctx.deps;
  const [shown, files] = await Promise.all([
    robin.config.sections(readOptions(ctx)),
    // A folder that cannot be read keeps nobody from what Robin shows.
    configFolder?.list().catch(() => []),
  ]);
  return { sections: presentSections(files ?? [], shown).map(({ name, title }) => ({ name, title })) };
}

/** @throws AppError `not_found` for a section that this Robin does not have. */
export async function getConfig(ctx: Context, input: GetConfigInput): Promise<ConfigDocument> {
  const view = await robinView(ctx, input.section);
  return describe(ctx, await readState(ctx, input.section, view), view);
}

/** What is kept in files or by the gateway is readable without Robin. @throws RobinError for the rest */
async function robinView(ctx: Context, name: string): Promise<RobinView | undefined> {
  const section = findSection(name);
  if (section?.keptByGateway) return undefined;
  const options = readOptions(ctx);
  if (section?.file === undefined || !ctx.deps.configFolder) return askRobin(ctx, options);
  const timeoutMs = Math.min(robinPatienceMs, options.timeoutMs ?? robinPatienceMs);
  return askRobin(ctx, { ...options, timeoutMs }).catch((error: unknown) => {
    if (!isRobinError(error)) throw error;
    return undefined;
  });
}

/** The answer: without secrets, with what is known of the document. */
export async function describe(
  ctx: Context,
  { section, source, document, file, version }: SectionState,
  view: RobinView | undefined,
  changed: readonly string[] = [],
): Promise<ConfigDocument> {
  const obstacles = await findObstacles(ctx, section, view);
  const isSeen = source !== "file" || (view !== undefined && valuesInForce(section, view.shown) !== undefined);
  return {
    ...(maskSecrets(document) as Record<string, unknown>),
    _meta: {
      section: section.name,
      title: section.title,
      source,
      ...(version !== undefined && { version }),
      obstacles: obstacles.map(({ message }) => message),
      inForceKnown: isSeen,
      notInForce: file && view ? notInForce(section, file.value, { shown: view.shown, changed }) : [],
    },
  };
}

/** Robin says OK whatever happened, so what is in force is compared before and after. */
export async function reloadConfig(ctx: Context): Promise<ReloadConfigOutput> {
  return withAudit(ctx, { action: "config.reload", targets: [] }, async () => {
    const { config } = ctx.deps.robin;
    const before = await config.sections(changeOptions(ctx));
    await config.reload(changeOptions(ctx));
    const after = await config.sections(changeOptions(ctx));
    if (!reloads(before)) {
      const message =
        "Robin read nothing: its properties switch reloading off (propertiesAutoReload, serverAutoReload).";
      return { reloaded: false, changed: [], message };
    }
    return { reloaded: true, changed: changedSections(before, after), message: "Robin has read its files again." };
  });
}

export async function syncStatus(ctx: Context): Promise<SyncStatusOutput> {
  return ctx.deps.robin.config.syncStatus(readOptions(ctx));
}

/** Either switch makes Robin read something. */
const reloads = (sections: readonly ConfigSection[]): boolean =>
  ["properties", "server"].some((name) => isReloaded({ name }, sections));

/** The server section also holds copies of the others, which come and go as Robin uses them: its own keys count. */
function changedSections(before: readonly ConfigSection[], after: readonly ConfigSection[]): string[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  const ownValues = (sections: readonly ConfigSection[], name: string) => {
    const values = sections.find((section) => section.name === name)?.values;
    if (name !== "server" || !values) return values;
    return Object.fromEntries(Object.entries(values).filter(([key]) => !names.includes(key.toLowerCase())));
  };
  return names.filter((name) => !isDeepStrictEqual(ownValues(before, name), ownValues(after, name)));
}
