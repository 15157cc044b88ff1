import type { IncomingHttpHeaders } from "node:http";

export type SimulatorAuth =
  | { type: "none" }
  /** `user:password`; the password may contain colons. */
  | { type: "basic"; value: string }
  | { type: "bearer"; value: string };

/** Robin's rules: scheme names are case-sensitive, a bearer token may have blanks around it, and an empty value leaves the port open. */
export function isAuthenticated(auth: SimulatorAuth, headers: IncomingHttpHeaders): boolean {
  if (auth.type === "none" || auth.value === "") return true;
  const header = headers.authorization ?? "";
  if (auth.type === "bearer")
    return header.startsWith("Bearer ") && header.slice("Bearer ".length).trim() === auth.value;
  if (!header.startsWith("Basic ")) return false;
  return Buffer.from(header.slice("Basic ".length), "base64").toString("utf8") === auth.value;
}

export function challenge(auth: SimulatorAuth, realm: string): string {
  return `${auth.type === "bearer" ? "Bearer" : "Basic"} realm="${realm}"`;
}
