import { html, json } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import { printGson } from "../java/gson-writer.ts";
import type { WritableObject } from "../java/gson-writer.ts";
import type { StoredDirectory } from "./file-tree.ts";
import { parentOf } from "./file-tree.ts";
import { isEml } from "./store-paths.ts";

interface Entry {
  readonly name: string;
  /** Absent for a directory. */
  readonly size?: number;
}

/** Directories and mails; other files do not show. Sorted by bytes, as paths are in Java. */
function entriesOf(directory: StoredDirectory): Entry[] {
  return [...directory]
    .flatMap(([name, node]): Entry[] => {
      if (node instanceof Map) return [{ name }];
      return isEml(name) ? [{ name, size: node.bytes.length }] : [];
    })
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

const hrefOf = (path: string, { name, size }: Entry): string =>
  `/store/${path === "" ? name : `${path}/${name}`}${size === undefined ? "/" : ""}`;

/** Java tidies up double slashes here, and only here. */
const parentHref = (path: string): string => `/store/${parentOf(path.replace(/\/+/g, "/"))}`;

/** `path` is the decoded one: the answer repeats it as it came. */
export function listingAsJson(path: string, directory: StoredDirectory): Answer {
  const lower = (entry: Entry): string => entry.name.toLowerCase();
  const items = entriesOf(directory)
    .sort((a, b) => (lower(a) === lower(b) ? 0 : lower(a) < lower(b) ? -1 : 1))
    .map((entry): WritableObject => {
      const kind = entry.size === undefined ? { type: "dir" } : { type: "file" };
      return { path: hrefOf(path, entry), size: entry.size, name: entry.name, ...kind };
    });
  const parent: WritableObject[] = path === "" ? [] : [{ path: parentHref(path), name: "..", type: "dir" }];
  return json(200, printGson({ path: `/${path}`, items: [...parent, ...items] }));
}

export function listingAsHtml(path: string, directory: StoredDirectory): Answer {
  // Robin leaves links unescaped, which is part of what a client has to cope with.
  const items = entriesOf(directory).map((entry) => {
    const link = `<a href="${hrefOf(path, entry)}">${escapeHtml(entry.name)}</a>`;
    return entry.size === undefined
      ? `<li><span class='dir-icon'>📁</span>${link}</li>`
      : `<li><span class='file-icon'>📧</span>${link} <span class='description'>&nbsp;(${entry.size} bytes)</span></li>`;
  });
  const parent =
    path === "" ? "" : `<li><span class='dir-icon'>📁</span><a href="${parentHref(path)}">.. (parent)</a></li>`;
  return html(200, page(escapeHtml(`/${path}`), parent + items.join("")));
}

const entities: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "&": "&amp;",
};
const escapeHtml = (text: string): string => text.replace(/[<>"'&]/g, (character) => entities[character] ?? character);

const page = (path: string, items: string): string => `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <title>Store Browser</title>
  <style></style>
</head>
<body>
<header class="header">
  <svg></svg>
  <h1>Store Browser</h1>
</header>

<div class="breadcrumb">
  <h2>Store: <code>${path}</code></h2>
</div>

<ul>
  ${items}
</ul>
<div class="note">
  <p>Only <code>.eml</code> files and directories containing <code>.eml</code> files are shown.</p>
</div>
</body>
</html>`;
