import type { StoreMessageText } from "./store.schemas.ts";

/** As WHATWG has it, also for what is called ISO-8859-1 or ASCII; every byte is a character. */
const lastResort = "windows-1252";

/**
 * A whole mail as text. Robin calls every mail UTF-8, which is often wrong. What is not UTF-8 is read in the charset
 * that the mail's own first Content-Type names, if there is one and it can be read so.
 */
export function decodeMessage(bytes: Uint8Array): StoreMessageText {
  const decoded = decodedAs("utf-8", bytes) ?? decodedAs(claimedCharset(bytes), bytes) ?? decodedAs(lastResort, bytes);
  return { text: decoded?.text ?? "", charset: decoded?.charset ?? lastResort, sizeBytes: bytes.byteLength };
}

function decodedAs(charset: string | undefined, bytes: Uint8Array): { text: string; charset: string } | undefined {
  if (charset === undefined) return undefined;
  try {
    const decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(bytes), charset: decoder.encoding };
  } catch {
    // A RangeError for an unknown name, a TypeError for bytes that do not fit.
    return undefined;
  }
}

/** More than any sane header. */
const headerBytesMax = 256 * 1024;

function claimedCharset(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headerBytesMax));
  const [head = ""] = start.toString("latin1").split(/\r?\n\r?\n/, 1);
  const unfolded = head.replace(/\r?\n[ \t]+/g, " ");
  const type = /^content-type:(.*)$/im.exec(unfolded)?.[1] ?? "";
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(type)?.[1]?.toLowerCase();
  // The other UTFs do not occur in mail, and would make nonsense of the header.
  return charset?.startsWith("utf-16") ? undefined : charset;
}
