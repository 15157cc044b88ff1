import { appendFileSync, renameSync, statSync } from "node:fs";

const bytesMax = 5 * 1024 * 1024;

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Appends lines to a file that never grows beyond 5 MB; the 5 MB before those are kept as `<file>.1`. */
export function createLogFile(file: string): (line: string) => void {
  let size = sizeOf(file);
  return (line) => {
    const text = `${line}\n`;
    if (size > 0 && size + Buffer.byteLength(text) > bytesMax) {
      renameSync(file, `${file}.1`);
      size = 0;
    }
    appendFileSync(file, text, { mode: 0o600 });
    size += Buffer.byteLength(text);
  };
}
