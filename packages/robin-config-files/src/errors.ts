/**
 * `missing` folder or file, `invalid_name`, `conflict` with a change made meanwhile, `busy` with another writer,
 * `syntax`, `too_large`, `not_text` (no UTF-8 or no plain file), `not_permitted`, `read_only`, `full`, and `failed` for
 * what else a file system can say.
 */
export type ConfigFileErrorKind =
  | "missing"
  | "invalid_name"
  | "conflict"
  | "busy"
  | "syntax"
  | "too_large"
  | "not_text"
  | "not_permitted"
  | "read_only"
  | "full"
  | "failed";

/** Its message is written for the operator, and names no path and no value. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
  readonly kind: ConfigFileErrorKind;

  constructor(kind: ConfigFileErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

const byCode: Readonly<Record<string, readonly [ConfigFileErrorKind, string]>> = {
  ENOENT: ["missing", "The folder with Robin's configuration is not there."],
  ENOTDIR: ["missing", "What is named as the folder with Robin's configuration is not a folder."],
  EACCES: ["not_permitted", "The gateway's account may not use the folder with Robin's configuration."],
  EPERM: ["not_permitted", "The gateway's account may not use the folder with Robin's configuration."],
  EROFS: ["read_only", "The folder with Robin's configuration is mounted read-only."],
  EBUSY: ["read_only", "The file is mounted by itself, so it cannot be replaced: mount the whole folder."],
  EXDEV: ["read_only", "The file is mounted by itself, so it cannot be replaced: mount the whole folder."],
  ENOSPC: ["full", "The disk with Robin's configuration is full."],
  EDQUOT: ["full", "The disk with Robin's configuration is full."],
  EFBIG: ["full", "The system allows no file of this size."],
  ELOOP: ["not_text", "The file is a link that leads nowhere."],
  EISDIR: ["not_text", "It is a folder, not a file."],
};

/** What an operating system's error means here; another error stays as it is. */
export function explainFailure(error: unknown): unknown {
  if (error instanceof ConfigFileError || !(error instanceof Error) || !("code" in error)) return error;
  const [kind, message] = byCode[String(error.code)] ?? ["failed", "The folder with Robin's configuration failed."];
  return new ConfigFileError(kind, message, { cause: error });
}
