import { JavaError } from "../java/java-error.ts";

/** The files on the simulated server, of which a client only ever sees the names. */
export interface ServerFiles {
  readonly queueFolder: string;
  /** Stores an upload and says where. Throws a JavaError for a name that is a path into a missing folder; the sender's mailbox keeps it as sent mail. */
  storeUpload(sender: string, requestedName: string | undefined): string;
  /** Links an envelope's message into the queue folder. A path that does not exist stays as it is: Robin queues it nevertheless. */
  linkIntoQueue(file: string | null, sessionUid: string, index: number): string;
}

export interface ServerFilesDependencies {
  readonly storeFolder: string;
  readonly newUuid: () => string;
  readonly nowMs: () => number;
}

export function createServerFiles({ storeFolder, newUuid, nowMs }: ServerFilesDependencies): ServerFiles {
  const queueFolder = `${storeFolder}/queue`;
  const existing = new Set<string>();

  /** Keeps the last segment, whatever the separator, and makes it an `.eml`. */
  function normalizeName(requested: string | undefined): string {
    const trimmed = (requested ?? "").trim() || `eml-${nowMs()}.eml`;
    const slashed = trimmed.replaceAll("\\", "/");
    const slash = slashed.lastIndexOf("/");
    // A slash at the very end stays, and makes a path of the name.
    const last = slash < slashed.length - 1 ? slashed.slice(slash + 1) : slashed;
    const name = last.toLowerCase().endsWith(".eml") ? last : `${last}.eml`;
    return name.includes("..") ? `eml-${newUuid()}.eml` : name;
  }

  function uniqueName(name: string, sessionUid: string, index: number): string {
    if (!existing.has(`${queueFolder}/${name}`)) return name;
    const dot = name.lastIndexOf(".");
    const [base, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    const candidates = ["", ...Array.from({ length: existing.size + 1 }, (_unused, count) => `-${count + 1}`)];
    const suffix =
      candidates.find((text) => !existing.has(`${queueFolder}/${base}.${sessionUid}.${index}${text}${extension}`)) ??
      "";
    return `${base}.${sessionUid}.${index}${suffix}${extension}`;
  }

  return {
    queueFolder,
    storeUpload: (sender, requestedName) => {
      const at = sender.indexOf("@");
      const segments =
        at < 0
          ? ["queue"]
          : [sender.slice(at + 1), sender.slice(0, at)].map((name) => name.replaceAll("/", "")).concat(".Sent", "new");
      const folder = [storeFolder, ...segments.filter((segment) => segment !== "")].join("/");
      const name = normalizeName(requestedName);
      if (name.lastIndexOf("/") > 0) throw new JavaError(`${folder}/${name}`);
      const wanted = name.startsWith("/") ? name : `${folder}/${name}`;
      const path = existing.has(wanted) ? `${folder}/eml-${newUuid()}.eml` : wanted;
      existing.add(path);
      return path;
    },
    linkIntoQueue: (file, sessionUid, index) => {
      const path = file ?? `${queueFolder}/qeml-${sessionUid}-${index}.eml`;
      if (!existing.has(path) || path.includes("qeml-")) return path;
      const name = uniqueName(`qeml-${path.slice(path.lastIndexOf("/") + 1)}`, sessionUid, index);
      existing.add(`${queueFolder}/${name}`);
      return `${queueFolder}/${name}`;
    },
  };
}
