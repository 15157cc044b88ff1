import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { processStartTime } from "./process-identity.ts";

/** Another process holds the lock and is alive. */
export class LockHeldError extends Error {
  override readonly name = "LockHeldError";
  readonly pid: number;

  constructor(file: string, pid: number) {
    super(`The lock ${file} is held by the running process ${pid}.`);
    this.pid = pid;
  }
}

type Owner = { pid: number; startTime: string };

function parseOwner(text: string): Owner | undefined {
  const [pid, startTime] = text.trim().split("\n");
  return pid && startTime && /^\d+$/.test(pid) ? { pid: Number(pid), startTime } : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Puts `draft` in the lock's place; false when a lock is there already. */
function place(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
}

/** Moves a dead owner's lock away, unless another process was quicker and the lock is a living one by now. */
function removeStale(file: string, expected: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  if (read(aside) !== expected) place(aside, file);
  rmSync(aside, { force: true });
}

/**
 * Takes the lock for this process and returns how to give it back. A lock whose process is gone, or whose process id
 * now belongs to another process, is taken over. Throws LockHeldError when its owner is alive.
 */
export function acquireLock(file: string): () => void {
  const content = `${process.pid}\n${processStartTime(process.pid) ?? "?"}\n`;
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    while (!place(draft, file)) {
      const held = read(file);
      if (held === undefined) continue;
      const owner = parseOwner(held);
      if (owner && processStartTime(owner.pid) === owner.startTime) throw new LockHeldError(file, owner.pid);
      removeStale(file, held);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return () => {
    if (read(file) === content) rmSync(file, { force: true });
  };
}
