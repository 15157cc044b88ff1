import { type ConfigObject, mergePatch } from "@robin/config-files";
import type { Db } from "@robin/db";
import { takeLock } from "../../locks.ts";
import { isObject } from "./config-sections.ts";

/** A document of the gateway's own, for values that Robin has no place for. */
export interface OwnDocument {
  value: ConfigObject;
  /** 0 before the first change. */
  version: number;
}

type DocumentReader = Pick<Db, "document">;

export async function readOwnDocument(db: DocumentReader, name: string): Promise<OwnDocument> {
  const row = await db.document.findUnique({ where: { name } });
  return { value: isObject(row?.value) ? row.value : {}, version: row?.version ?? 0 };
}

/** Merges the patch (RFC 7396) into the document; one change after the other, in all processes. */
export async function patchOwnDocument(
  db: Db,
  name: string,
  { patch, updatedBy, now }: { patch: ConfigObject; updatedBy: string; now: Date },
): Promise<void> {
  await db.$transaction(async (tx) => {
    await takeLock(tx, "documents");
    const before = await readOwnDocument(tx, name);
    // A document holds no null, which the merge takes away as well.
    const value = mergePatch(before.value, patch) as object;
    const data = { value, version: before.version + 1, updatedBy, updatedAt: now };
    await tx.document.upsert({ where: { name }, create: { name, ...data }, update: data });
  });
}
