import type { RobinClient } from "../../src/index.ts";

/** About the client itself, not about Robin. */
const own = ["breakers", "load", "close"];

/** `queue.list`, `store.folders.create`, ...: every method that asks Robin. */
export function methodNames(client: RobinClient): string[] {
  return namesIn(client, "").filter((name) => !own.includes(name));
}

function namesIn(resource: object, prefix: string): string[] {
  return Object.entries(resource).flatMap(([name, member]: [string, unknown]) => {
    if (typeof member === "function") return [`${prefix}${name}`];
    return typeof member === "object" && member !== null ? namesIn(member, `${prefix}${name}.`) : [];
  });
}

/** The same client, which notes the name of each method that is called. */
export function recordCalls<T extends object>(resource: T, called: Set<string>, prefix = ""): T {
  return new Proxy(resource, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      const path = `${prefix}${String(name)}`;
      if (typeof member === "function") called.add(path);
      return typeof member === "object" && member !== null ? recordCalls(member, called, `${path}.`) : member;
    },
  });
}
