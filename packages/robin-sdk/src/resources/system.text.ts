import { InvalidResponseError } from "../errors.ts";
import type { SystemEntry, SystemThread } from "./system.schemas.ts";

/**
 * Reads `KEY=VALUE` lines. Robin does not escape line ends in values, so a line without a plausible name continues the
 * value before it; a continuation that looks like an entry is taken for one.
 * Throws InvalidResponseError when the first line is no entry.
 */
export function parseSystemEntries(text: string): SystemEntry[] {
  const entries: SystemEntry[] = [];
  if (text === "") return entries;
  for (const line of text.split("\n")) {
    const [, name, value] = /^([^\s=]+)=(.*)$/.exec(line.replace(/\r$/, "")) ?? [];
    const last = entries.at(-1);
    if (name !== undefined && value !== undefined) entries.push({ name, value });
    else if (last) last.value += `\n${line}`;
    else throw new InvalidResponseError("Robin's answer is no list of entries");
  }
  return entries;
}

/** Throws InvalidResponseError for a line that is neither a thread, nor a frame of one, nor empty. */
export function parseThreads(text: string): SystemThread[] {
  const threads: SystemThread[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const [, name, id, state] = /^"(.*)" #(\d+) prio=\d+ state=(\w+)$/.exec(line) ?? [];
    const [, frame] = /^ +at (.*)$/.exec(line) ?? [];
    const last = threads.at(-1);
    if (name !== undefined && state !== undefined) threads.push({ name, id: Number(id), state, frames: [] });
    else if (frame !== undefined && last) last.frames.push(frame);
    else throw new InvalidResponseError("Robin's answer is no list of threads");
  }
  return threads;
}
