import type { SystemEntry } from "@robin/sdk";
import { type Context, readOptions } from "../../context.ts";
import { maskSecrets } from "../../secrets.ts";
import type { EntriesOutput, ThreadsOutput } from "./diagnostics.schemas.ts";

export async function environmentOfRobin(ctx: Context): Promise<EntriesOutput> {
  return toEntries(await ctx.deps.robin.system.env(readOptions(ctx)));
}

export async function propertiesOfRobin(ctx: Context): Promise<EntriesOutput> {
  return toEntries(await ctx.deps.robin.system.properties(readOptions(ctx)));
}

export async function threadsOfRobin(ctx: Context): Promise<ThreadsOutput> {
  return { threads: await ctx.deps.robin.system.threads(readOptions(ctx)) };
}

/** By name, and with every secret masked: Robin shows them in clear. */
function toEntries(entries: readonly SystemEntry[]): EntriesOutput {
  const masked = entries.map(({ name, value }) => {
    const [shown] = Object.values(maskSecrets({ [name]: value }) as Record<string, string>);
    return { name, value: shown ?? "" };
  });
  return { entries: masked.sort((one, other) => (one.name < other.name ? -1 : 1)) };
}
