import type { ConfigObject } from "@robin/config-files";
import type { ConfigSection } from "@robin/sdk";
import { changedPaths, withoutNulls } from "./config-values.ts";
import { isObject, type Section, valuesInForce } from "./config-sections.ts";
import { documentKey } from "./ui-documents.ts";

export interface NotInForce {
  /** In dots, as in the document. */
  path: string;
  reason: string;
}

const byRestart = "Robin takes it over when it is started again.";

/**
 * Which values of the file Robin does not use, as far as its own page shows. `changed` are the paths that a change has
 * just written: of those that Robin reads at its start alone, the page shows the new value all the same.
 */
export function notInForce(
  section: Section,
  file: ConfigObject,
  { shown, changed = [] }: { shown: readonly ConfigSection[]; changed?: readonly string[] },
): NotInForce[] {
  const inForce = valuesInForce(section, shown);
  const inDocument = (path: string) => {
    const [key = "", ...rest] = path.split(".");
    return [documentKey(section.name, key), ...rest].join(".");
  };
  if (!inForce) {
    const late = changed.filter((path) => isTakenAtStart(section, path));
    return late.map((path) => ({ path: inDocument(path), reason: byRestart }));
  }
  // The server section also shows the other sections that were used, and what Robin adds itself.
  const differing = changedPaths(withoutNulls(inForce), withoutNulls(file)).filter(
    (path) => section.name !== "server" || Object.hasOwn(file, firstKey(path)),
  );
  const reloading = isReloaded(section, shown);
  const late = changed.filter((path) => !differing.includes(path) && isTakenAtStart(section, path));
  return [
    ...differing.map((path) => ({ path: inDocument(path), reason: reloading ? differs : switchedOff })),
    ...late.map((path) => ({ path: inDocument(path), reason: byRestart })),
  ];
}

const firstKey = (path: string): string => path.split(".", 1)[0] ?? "";

const differs = "Robin uses another value: it has not read the file since, or it reads another folder.";
const switchedOff =
  "Robin's properties switch reloading off (propertiesAutoReload, serverAutoReload): it takes it over when it is started again.";

function isTakenAtStart({ restartKeys }: Section, path: string): boolean {
  const key = firstKey(path);
  return "allBut" in restartKeys ? !restartKeys.allBut.includes(key) : restartKeys.includes(key);
}

/** Whether a reload makes Robin read the section again: its properties decided on that when it was started. */
export function isReloaded({ name }: Pick<Section, "name">, shown: readonly ConfigSection[]): boolean {
  const properties = shown.find((section) => section.name === "properties")?.values ?? {};
  const setting = properties[name === "properties" ? "propertiesAutoReload" : "serverAutoReload"];
  return isObject(setting) && setting.enabled === true;
}
