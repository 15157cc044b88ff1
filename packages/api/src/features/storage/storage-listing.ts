import type { StoreEntry } from "@robin/sdk";
import { toPage } from "../../listing.ts";
import type { ListStorageInput, ListStorageOutput, StorageItem } from "./storage.schemas.ts";

/** What Robin lists, as a file browser shows it: directories first, then by the field asked for. */
export function toListing(entries: readonly StoreEntry[], input: ListStorageInput): ListStorageOutput {
  const { path, type, search, sort, order } = input;
  const wanted = search?.toLowerCase();
  const items = entries
    .map(toItem)
    .filter((item) => type === undefined || item.type === type)
    .filter((item) => wanted === undefined || item.name.toLowerCase().includes(wanted))
    .sort((a, b) => byType(a, b) || (order === "asc" ? 1 : -1) * (bySort[sort](a, b) || byName(a, b)));
  const start = (input.page - 1) * input.limit;
  return {
    path: `/${path}`,
    breadcrumbs: breadcrumbsOf(path),
    ...toPage(items.slice(start, start + input.limit), items.length, input),
  };
}

type Comparison = (a: StorageItem, b: StorageItem) => number;

const textOrder = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
const byType: Comparison = (a, b) => textOrder(a.type, b.type);
const byName: Comparison = (a, b) => textOrder(a.name.toLowerCase(), b.name.toLowerCase()) || textOrder(a.name, b.name);
const bySort = {
  name: byName,
  size: (a, b) => a.size - b.size,
  modified: (a, b) => a.modified - b.modified,
} satisfies Record<ListStorageInput["sort"], Comparison>;

function toItem(entry: StoreEntry): StorageItem {
  const { name } = entry;
  const path = `/${entry.path}`;
  return entry.type === "directory"
    ? { path, name, type: "directory", size: 0, modified: 0 }
    : { path, name, type: "file", size: entry.sizeBytes, modified: dayIn(name) };
}

/** Robin does not tell when a file was written, but begins its names with the day: `20260821.5a2ce6a0.eml`. */
function dayIn(name: string): number {
  const [, year, month, day] = /^(?:[a-z]+-)?(\d{4})(\d\d)(\d\d)\./i.exec(name) ?? [];
  const epochMs = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  return epochMs > 0 ? epochMs : 0;
}

function breadcrumbsOf(path: string): ListStorageOutput["breadcrumbs"] {
  const names = path === "" ? [] : path.split("/");
  const crumbs = names.map((name, index) => ({ name, path: `/${names.slice(0, index + 1).join("/")}` }));
  return [{ name: "Root", path: "/" }, ...crumbs];
}
