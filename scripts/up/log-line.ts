const levelNames: Record<number, string> = { 40: "warning", 50: "error", 60: "fatal" };
const usualFields = new Set(["level", "time", "pid", "hostname", "name", "msg", "err"]);

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A person's version of one line of a child's log; undefined when it is not worth a place on the screen. */
export function toScreenLine(name: string, line: string, from: "stdout" | "stderr"): string | undefined {
  const entry = parse(line);
  if (!entry) return from === "stderr" && line.trim() !== "" ? `${name}: ${line}` : undefined;
  const level = Number(entry.level);
  if (!(level >= 40)) return undefined;
  const time = new Date(Number(entry.time) || Date.now()).toISOString().slice(11, 19);
  const { message = "" } = (entry.err ?? {}) as { message?: string };
  const texts = [entry.msg, message].filter((text) => typeof text === "string" && text !== "");
  const details = Object.entries(entry)
    .filter(([key, value]) => !usualFields.has(key) && typeof value !== "object")
    .map(([key, value]) => `${key}=${String(value)}`);
  return [time, name, `${levelNames[level] ?? "error"}:`, texts.join(": "), ...details]
    .join(" ")
    .replace(/\s*\n\s*/g, " ");
}
