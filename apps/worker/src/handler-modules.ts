import { readdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

type Module = Record<string, unknown>;

/** What the files of a folder export; a new job needs no line anywhere else. In a bundle they are built in. */
export async function importHandlers(folder = path.join(import.meta.dirname, "handlers")): Promise<Module[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts") && !file.endsWith("test.ts")).sort();
  return Promise.all(files.map((file) => import(pathToFileURL(path.join(folder, file)).href) as Promise<Module>));
}
