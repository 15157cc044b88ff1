import { accessSync, constants } from "node:fs";
import path from "node:path";

/** The file of a program, or undefined when it is not on PATH. */
export function findOnPath(name: string, searchPath = process.env.PATH ?? ""): string | undefined {
  const files = searchPath
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, name));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
