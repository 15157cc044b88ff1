import { appendFileSync, renameSync, statSync } from "node:fs";

const fiveMegabytes = 5 * 1024 * 1024;

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Appends lines to a file that never grows beyond the bound; as many bytes before those are kept as `<file>.1`. */
export function createLogFile(file: string, bytesMax = fiveMegabytes): (line: string) => void {
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
