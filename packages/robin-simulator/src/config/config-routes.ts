import { html, json, text } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { JavaError } from "../java/java-error.ts";
import type { GsonMap } from "../java/gson-reader.ts";
import { printGson, toWritable } from "../java/gson-writer.ts";
import { configPage, configSection } from "./config-page.ts";

/** Titles and the keys behind them, in the order of the page. */
const extraSections: readonly (readonly [title: string, key: string])[] = [
  ["Storage", "storage"],
  ["Queue", "queue"],
  ["Relay", "relay"],
  ["Dovecot", "dovecot"],
  ["Prometheus", "prometheus"],
  ["Vault", "vault"],
  ["ClamAV", "clamav"],
  ["Rspamd", "rspamd"],
  ["Webhooks", "webhooks"],
  ["Users", "users"],
  ["Scenarios", "scenarios"],
];

const print = (map: GsonMap): string => printGson(toWritable(map));

/** `GET /config` and everything below it that is no route of its own. */
export function viewConfig({ config }: RouteContext): Answer {
  const properties = print(config.properties());
  // Printed before the sections are used, so the first view does not show what it adds.
  const server = print(config.server());
  try {
    const sections = extraSections.flatMap(([title, key]) => {
      const section = config.section(key);
      return section.size === 0 ? [] : [configSection(`${title} Configuration`, print(section))];
    });
    return html(200, configPage(properties, server, sections.join("")));
  } catch (error) {
    if (error instanceof JavaError) return text(500, "Internal Server Error");
    throw error;
  }
}

/** OK whatever happened, as Robin says it. */
export function reloadConfig({ config }: RouteContext): Answer {
  config.reload();
  return json(200, '{"status":"OK", "message":"Configuration reloaded successfully"}');
}

export function configSyncStatus({ config }: RouteContext): Answer {
  const { appliedFiles, skippedFiles, lastError, ...rest } = config.syncStatus();
  return json(
    200,
    printGson({
      enabled: rest.enabled,
      lastAttemptEpochMillis: rest.lastAttemptEpochMillis,
      lastSuccessEpochMillis: rest.lastSuccessEpochMillis,
      lastError,
      appliedFiles,
      skippedFiles,
      appliedCount: appliedFiles.length,
      skippedCount: skippedFiles.length,
    }),
  );
}
