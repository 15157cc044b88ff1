import type { ConfigSection } from "@robin/sdk";
import { isDeepStrictEqual } from "node:util";
import { changeOptions, type Context, readOptions } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { withAudit } from "../audit/audit.service.ts";
import type {
  GetConfigInput,
  GetConfigOutput,
  ListConfigOutput,
  ReloadConfigOutput,
  SyncStatusOutput,
} from "./config.schemas.ts";
import { maskSecrets } from "../../secrets.ts";

export async function listConfig(ctx: Context): Promise<ListConfigOutput> {
  const sections = await ctx.deps.robin.config.sections(readOptions(ctx));
  return { sections: sections.map(({ name, title }) => ({ name, title })) };
}

/** @throws AppError `not_found` for a section that this Robin does not have. */
export async function getConfig(ctx: Context, input: GetConfigInput): Promise<GetConfigOutput> {
  const sections = await ctx.deps.robin.config.sections(readOptions(ctx));
  const section = sections.find(({ name }) => name === input.section.toLowerCase());
  if (!section) throw new AppError("not_found", "Robin has no section of this name in its configuration.");
  const { name, title, values } = section;
  return { name, title, values: maskSecrets(values) as Record<string, unknown> };
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
function reloads(sections: readonly ConfigSection[]): boolean {
  const properties = sections.find(({ name }) => name === "properties")?.values ?? {};
  return ["propertiesAutoReload", "serverAutoReload"].some((key) => {
    const setting = properties[key];
    return typeof setting === "object" && setting !== null && "enabled" in setting && setting.enabled === true;
  });
}

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
