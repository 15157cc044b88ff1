import { RobinInputError } from "./errors.ts";

/**
 * Encodes one path segment for `/store`, `/store-rocksdb` and `/users/{x}/exists`.
 *
 * Robin decodes these paths twice, the second time as a form (`+` is a blank, a bare `%` drops the connection), so a
 * segment is encoded twice. Throws RobinInputError for what no encoding can address: an empty segment, `.` and `..`
 * (URLs resolve them), slash and backslash (always a separator), NUL (drops the connection) and broken UTF-16.
 * The error names the argument `field`.
 */
export function pathSegment(value: string, field = "path"): string {
  if (value === "") throw new RobinInputError(field, "a segment must not be empty");
  if (value === "." || value === "..") throw new RobinInputError(field, "a segment must not be a dot segment");
  if (/[/\\\0]/.test(value)) throw new RobinInputError(field, "a segment must not contain a slash, backslash or NUL");
  if (!value.isWellFormed()) throw new RobinInputError(field, "a segment must be well-formed Unicode");
  return encodeURIComponent(encodeURIComponent(value));
}
