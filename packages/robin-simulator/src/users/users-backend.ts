export interface ConfigUser {
  /** Robin lists entries without a name not at all, and fails on them everywhere else. */
  readonly name?: string;
  readonly pass?: string;
}

export type UsersMode =
  /** `users.json5`. A list that is filled answers even when `listEnabled` is false. */
  | { readonly mode: "config"; readonly listEnabled?: boolean; readonly list: readonly ConfigUser[] }
  /** Dovecot's SQL backend, in front of the list. */
  | {
      readonly mode: "sql";
      readonly users: readonly { readonly name: string; readonly pass: string }[];
      /** Robin ships a `passwordQuery` with one parameter, for which `/users/authenticate` answers 500; default 2. */
      readonly passwordQueryParameters?: 1 | 2;
      /** Every query fails, as without a database. */
      readonly isDown?: boolean;
    }
  | { readonly mode: "none" };

export interface SimulatedUsers {
  mode(): UsersMode;
  /** Robin looks at its configuration on every request, so the next one sees the change. */
  setMode(mode: UsersMode): void;
}

/** What a handler asks; each throws where Robin's query or list fails. */
export interface UsersBackend extends SimulatedUsers {
  /** Undefined when nothing is configured. */
  source(): "config" | "sql" | undefined;
  names(): string[];
  exists(name: string): boolean;
  authenticate(name: string, password: string): boolean;
}

/** The entries of the file that Robin ships. */
const shippedUsers: UsersMode = {
  mode: "config",
  listEnabled: true,
  list: [
    { name: "tony@example.com", pass: "stark" },
    { name: "pepper@example.com", pass: "potts" },
    { name: "happy@example.com", pass: "hogan" },
  ],
};

export class UsersBackendError extends Error {
  override readonly name = "UsersBackendError";
}

export function createUsersBackend(initial: UsersMode = shippedUsers): UsersBackend {
  let current = initial;

  function find(name: string): ConfigUser | undefined {
    if (current.mode === "none") return undefined;
    if (current.mode === "config") {
      // The first entry of a name counts; the search stumbles over one without.
      return current.list.find((user) => {
        if (user.name === undefined) throw new UsersBackendError("an entry has no name");
        return user.name === name;
      });
    }
    if (current.isDown) throw new UsersBackendError("the database is down");
    return current.users.find((user) => user.name === name);
  }

  return {
    mode: () => current,
    setMode: (mode) => {
      current = mode;
    },
    source: () => {
      if (current.mode === "sql") return "sql";
      const answers = current.mode === "config" && (current.listEnabled !== false || current.list.length > 0);
      return answers ? "config" : undefined;
    },
    names: () => {
      if (current.mode === "none") return [];
      if (current.mode === "sql" && current.isDown) throw new UsersBackendError("the database is down");
      const entries: readonly ConfigUser[] = current.mode === "sql" ? current.users : current.list;
      const names = entries.flatMap(({ name = "" }) => (name.trim() === "" ? [] : [name]));
      return names.sort((left, right) => compareTexts(left.toLowerCase(), right.toLowerCase()));
    },
    exists: (name) => find(name) !== undefined,
    authenticate: (name, password) => {
      if (current.mode === "sql" && current.passwordQueryParameters === 1) {
        throw new UsersBackendError("the second parameter cannot be bound");
      }
      return find(name)?.pass === password;
    },
  };
}

const compareTexts = (left: string, right: string): number => (left < right ? -1 : Number(left > right));
