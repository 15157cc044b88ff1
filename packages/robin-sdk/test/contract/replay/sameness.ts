import { isDeepStrictEqual } from "node:util";
import type { RecordedExchange } from "./recordings.ts";

export type AskedRequest = Pick<RecordedExchange, "method" | "path" | "query" | "headers" | "body">;

/** Whether a request asks the same of Robin as the recorded one; credentials and spelling aside. */
export function isSameRequest(recorded: RecordedExchange, asked: AskedRequest): boolean {
  const { method, path, query } = recorded;
  if (path === undefined || method !== asked.method || spelled(path) !== spelled(asked.path ?? "")) return false;
  // The SDK says what Robin would assume, such as the protocol.
  if ([...query].some(([name, value]) => asked.query.get(name) !== value)) return false;
  const isByAccept = method === "GET" && path.startsWith("/store/") && !path.endsWith("/properties");
  if (isByAccept && wantsJson(recorded) !== wantsJson(asked)) return false;
  if (path === "/config/reload") return true;
  // Robin takes an attachment of any type.
  return path.endsWith("/attachments") ? recorded.body.equals(asked.body) : hasSameBody(recorded, asked);
}

function hasSameBody(recorded: AskedRequest, asked: AskedRequest): boolean {
  const kind = bodyKind(recorded);
  if (kind !== bodyKind(asked)) return false;
  if (kind === "multipart") return asked.body.includes(filePart(recorded) ?? "no file at all");
  if (kind === "raw") return recorded.body.equals(asked.body);
  if (recorded.body.length === 0) return asked.body.length === 0;
  const [wanted, given] = [jsonOf(recorded.body), jsonOf(asked.body)];
  return Object.entries(withUids(wanted)).every(([key, value]) =>
    isDeepStrictEqual(spelledFolder(key, given[key]), spelledFolder(key, value)),
  );
}

/** One UID is asked for as a list of one. */
function withUids({ uid, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return uid === undefined ? rest : { ...rest, uids: [uid] };
}

/** An object; empty for what is not strict JSON. */
export function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : { "not an object": 1 };
  } catch {
    return { "not JSON": 1 };
  }
}

export function bodyKind({ headers }: Pick<AskedRequest, "headers">): "json" | "raw" | "multipart" {
  const type = headers.get("content-type")?.toLowerCase() ?? "";
  if (type.includes("multipart/form-data")) return "multipart";
  return /message\/rfc822|application\/octet-stream/.test(type) ? "raw" : "json";
}

/** The file of a multipart body, without the line end that belongs to the boundary. */
export function filePart({ headers, body }: AskedRequest): Buffer | undefined {
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get("content-type") ?? "")?.[1];
  const [, part] = boundary === undefined ? [] : body.toString("latin1").split(`--${boundary}`);
  const start = part?.indexOf("\r\n\r\n") ?? -1;
  return part === undefined || start < 0
    ? undefined
    : Buffer.from(part.slice(start + 4).replace(/\r\n$/, ""), "latin1");
}

export function wantsJson({ headers }: Pick<AskedRequest, "headers">): boolean {
  return headers.get("accept")?.toLowerCase().includes("application/json") === true;
}

function spelled(path: string): string {
  return path.replace(/\/+$/, "").replace(/\/folders\/inbox(?=\/|$)/i, "/folders/inbox");
}

/** The inbox has several names. */
function spelledFolder(key: string, value: unknown): unknown {
  if (!/folder$/i.test(key) || typeof value !== "string") return value;
  return value.toLowerCase() === "inbox" ? "" : value;
}
