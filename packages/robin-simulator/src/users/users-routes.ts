import { DroppedConnection, json, text } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import { JavaError } from "../java/java-error.ts";
import { parseGson } from "../java/gson-reader.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { printGson, toWritable } from "../java/gson-writer.ts";
import type { WritableObject } from "../java/gson-writer.ts";
import { UsersBackendError } from "./users-backend.ts";
import type { UsersBackend } from "./users-backend.ts";

const existsSuffix = "/exists";

/** Everything below `/users`; the prefix is cut by its length, so `/usersX/exists` has an empty name. */
export function handleUsers(context: RouteContext): Answer | Promise<Answer> {
  const tail = context.path.slice("/users".length);
  if (tail === "" || tail === "/") return guarded(context, "GET", listUsers);
  if (tail === "/authenticate") return guarded(context, "POST", authenticate);
  if (tail.endsWith(existsSuffix)) return guarded(context, "GET", () => userExists(context.users, tail));
  return text(404, "Not Found");
}

function guarded(
  context: RouteContext,
  method: string,
  handle: (context: RouteContext) => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  return context.method === method ? handle(context) : text(405, "Method Not Allowed");
}

function listUsers({ users }: RouteContext): Answer {
  return answered(users, () => {
    const names = users.names();
    return { count: names.length, source: users.source(), users: names };
  });
}

function userExists(users: UsersBackend, tail: string): Answer {
  // `/users/exists`: Robin cuts more off than there is, and Java closes the connection.
  if (tail.length === existsSuffix.length) throw new DroppedConnection("the name would begin after its end");
  const username = decodeAgain(tail.slice(1, -existsSuffix.length));
  if (username.trim() === "") return json(400, '{"error":"Missing username"}');
  return answered(users, () => ({ exists: users.exists(username), source: users.source(), username }));
}

async function authenticate({ users, readText }: RouteContext): Promise<Answer> {
  if (users.source() === undefined) return notConfigured(users);
  const body = await readText();
  if (body.trim() === "") return json(400, '{"error":"Empty request body"}');
  const map = parseBody(body);
  if (map === undefined) return json(400, '{"error":"Invalid JSON body"}');
  const username = textOf(map?.get("username") ?? null).trim();
  const password = textOf(map?.get("password") ?? null);
  if (username === "" || password.trim() === "") return json(400, '{"error":"Missing username or password"}');
  return answered(users, () => ({
    authenticated: users.authenticate(username, password),
    source: users.source(),
    username,
  }));
}

function answered(users: UsersBackend, ask: () => WritableObject): Answer {
  if (users.source() === undefined) return notConfigured(users);
  try {
    return json(200, printGson(ask()));
  } catch (error) {
    if (error instanceof UsersBackendError) return json(500, '{"error":"Internal Server Error"}');
    throw error;
  }
}

function notConfigured(users: UsersBackend): Answer {
  const mode = users.mode();
  return json(
    503,
    printGson({
      authSqlEnabled: false,
      error: "Users API backend is not configured",
      usersListCount: mode.mode === "config" ? mode.list.length : 0,
      usersListEnabled: false,
    }),
  );
}

function parseBody(body: string): GsonMap | null | undefined {
  try {
    return parseGson(body);
  } catch (error) {
    if (error instanceof JavaError) return undefined;
    throw error;
  }
}

/** Java's String.valueOf: a number is a double, and has a fraction. */
function textOf(value: GsonValue): string {
  if (value === null) return "";
  return typeof value === "string" ? value : printGson(toWritable(value));
}

/** The second decoding, form style; a `%` without two digits closes the connection. */
function decodeAgain(name: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(name)) throw new DroppedConnection("URLDecoder throws");
  return name
    .replaceAll("+", " ")
    .replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"));
}
