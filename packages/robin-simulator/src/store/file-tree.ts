/** Java's IOException as Robin's handlers see it: its message goes into the answer. */
export class StoreIoError extends Error {
  override readonly name = "StoreIoError";
}

/** Java's InvalidPathException: no file name may hold a NUL. */
export class InvalidPathError extends Error {
  override readonly name = "InvalidPathError";
}

export interface StoredFile {
  readonly bytes: Buffer;
  readonly modifiedAtMs: number;
}
export type StoredDirectory = Map<string, StoredFile | StoredDirectory>;
type Node = StoredFile | StoredDirectory;

/** A file system in memory. Paths are names joined by slashes, below `root`, which is the empty path. */
export interface FileTree {
  directory(path: string): StoredDirectory | undefined;
  file(path: string): StoredFile | undefined;
  exists(path: string): boolean;
  /** All mutations throw StoreIoError with Java's words. */
  makeDirectories(path: string): void;
  write(path: string, bytes: Buffer, modifiedAtMs?: number): void;
  /** Replaces a file or an empty directory. */
  move(source: string, target: string): void;
  copyTree(source: string, target: string): void;
  deleteIfExists(path: string): void;
  deleteTree(path: string): void;
  /** Files of a directory and of all below it. */
  walkFiles(path: string): { path: string; file: StoredFile }[];
  /** The path on Robin's host, as error texts show it. */
  hostPath(path: string): string;
}

const nameBytesMax = 255;
const isDirectory = (node: Node | undefined): node is StoredDirectory => node instanceof Map;

export const joinPath = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join("/");
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** What Java's Path makes of a text: no empty names, no `.`. Throws InvalidPathError. */
export function toPath(text: string): string {
  if (text.includes("\0")) throw new InvalidPathError("Nul character not allowed");
  return text
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .join("/");
}

export function createFileTree(root: string, nowMs: () => number): FileTree {
  const base: StoredDirectory = new Map();
  const hostPath = (path: string): string => (path === "" ? root : `${root}/${path}`);

  function find(path: string): Node | undefined {
    let node: Node | undefined = base;
    for (const name of path === "" ? [] : path.split("/")) node = isDirectory(node) ? node.get(name) : undefined;
    return node;
  }

  function requireName(path: string): void {
    if (Buffer.byteLength(nameOf(path)) > nameBytesMax) throw new StoreIoError(`${hostPath(path)}: File name too long`);
  }

  function requireDirectory(path: string): StoredDirectory {
    const node = find(path);
    if (!isDirectory(node)) throw new StoreIoError(hostPath(path));
    return node;
  }

  function makeDirectories(path: string): StoredDirectory {
    let node = base;
    const walked: string[] = [];
    for (const name of path === "" ? [] : path.split("/")) {
      walked.push(name);
      const place = walked.join("/");
      requireName(place);
      const next: Node = node.get(name) ?? new Map<string, Node>();
      if (!isDirectory(next)) throw new StoreIoError(hostPath(place));
      node.set(name, next);
      node = next;
    }
    return node;
  }

  function requireReplaceable(path: string): void {
    const existing = find(path);
    if (isDirectory(existing) && existing.size > 0) throw new StoreIoError(hostPath(path));
  }

  function walkFiles(path: string): { path: string; file: StoredFile }[] {
    return [...requireDirectory(path)].flatMap(([name, node]) => {
      const place = joinPath(path, name);
      return isDirectory(node) ? walkFiles(place) : [{ path: place, file: node }];
    });
  }

  return {
    directory: (path) => {
      const node = find(path);
      return isDirectory(node) ? node : undefined;
    },
    file: (path) => {
      const node = find(path);
      return isDirectory(node) ? undefined : node;
    },
    exists: (path) => find(path) !== undefined,
    makeDirectories: (path) => void makeDirectories(path),
    write: (path, bytes, modifiedAtMs = nowMs()) => {
      requireName(path);
      if (isDirectory(find(path))) throw new StoreIoError(`${hostPath(path)}: Is a directory`);
      const parent = find(parentOf(path));
      if (!isDirectory(parent)) throw new StoreIoError(hostPath(path));
      parent.set(nameOf(path), { bytes, modifiedAtMs });
    },
    move: (source, target) => {
      const node = find(source);
      if (node === undefined) throw new StoreIoError(hostPath(source));
      if (source === target) return;
      requireName(target);
      if (target.startsWith(`${source}/`))
        throw new StoreIoError(`${hostPath(source)} -> ${hostPath(target)}: Invalid argument`);
      requireReplaceable(target);
      requireDirectory(parentOf(target)).set(nameOf(target), node);
      requireDirectory(parentOf(source)).delete(nameOf(source));
    },
    copyTree: (source, target) => {
      // Listed first, so that a copy into itself comes to an end.
      const copy = (node: StoredDirectory): StoredDirectory =>
        new Map([...node].map(([name, child]) => [name, isDirectory(child) ? copy(child) : child]));
      const merge = (from: StoredDirectory, path: string): void => {
        const into = makeDirectories(path);
        for (const [name, child] of from) {
          if (isDirectory(child)) merge(child, joinPath(path, name));
          else into.set(name, { bytes: child.bytes, modifiedAtMs: nowMs() });
        }
      };
      if (source !== target) merge(copy(requireDirectory(source)), target);
    },
    deleteIfExists: (path) => {
      if (find(path) === undefined) return;
      requireReplaceable(path);
      requireDirectory(parentOf(path)).delete(nameOf(path));
    },
    deleteTree: (path) => {
      requireDirectory(parentOf(path)).delete(nameOf(path));
    },
    walkFiles,
    hostPath,
  };
}
