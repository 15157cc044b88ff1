import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JavaError } from "../java/java-error.ts";
import { parseGson } from "../java/gson-reader.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { shippedFiles } from "./shipped-files.ts";

export interface ConfigOptions {
  /** Name to text, as `storage.json5`; replaces the shipped ones altogether. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** A folder to read instead; nothing is ever written to it. */
  readonly folder?: string | undefined;
}

export interface SyncStatus {
  readonly enabled: boolean;
  readonly lastAttemptEpochMillis: number;
  readonly lastSuccessEpochMillis: number;
  readonly lastError?: string;
  readonly appliedFiles: readonly string[];
  readonly skippedFiles: readonly string[];
}

export interface SimulatedConfig {
  /** What is in the file now, which need not be what the server knows. */
  read(file: string): string | undefined;
  /** Changes a file, or removes it; Robin notices with the next reload. In memory only, also in front of a folder. */
  write(file: string, text: string | undefined): void;
  setSyncStatus(status: SyncStatus): void;
}

/** What the handlers see. */
export interface ServerConfig extends SimulatedConfig {
  properties(): GsonMap;
  server(): GsonMap;
  /** Loads a section on first use, as Robin does. Throws a JavaError once for a broken file; after that it is empty. */
  section(key: string): GsonMap;
  reload(): void;
  syncStatus(): SyncStatus;
}

/** The sections that have been used when a Robin has started, in the order it uses them. */
const usedAtStart = ["storage", "dovecot", "relay", "queue"];

const neverSynced: SyncStatus = {
  enabled: false,
  lastAttemptEpochMillis: 0,
  lastSuccessEpochMillis: 0,
  appliedFiles: [],
  skippedFiles: [],
};

export function createServerConfig({ files = shippedFiles, folder }: ConfigOptions = {}): ServerConfig {
  const written = new Map<string, string | undefined>();
  const read = (file: string): string | undefined => {
    if (written.has(file)) return written.get(file);
    return folder === undefined ? files[file] : readIfThere(join(folder, file));
  };
  /** Undefined for a missing file. Throws a JavaError for a broken one. */
  const parse = (file: string): GsonMap | undefined => {
    const text = read(file);
    return text === undefined ? undefined : (parseGson(text) ?? new Map<string, GsonValue>());
  };
  /** A reload logs what it stumbles over and keeps what it has. */
  const parseOr = (file: string, old: GsonMap): GsonMap => {
    try {
      return parse(file) ?? old;
    } catch (error) {
      if (error instanceof JavaError) return old;
      throw error;
    }
  };

  let properties = parseOr("properties.json5", new Map());
  let server = parseOr("server.json5", new Map());
  let sync = neverSynced;
  const reloads = { properties: isAutoReloaded("properties"), server: isAutoReloaded("server") };
  const resolved = new Set<string>();

  function isAutoReloaded(name: string): boolean {
    const setting = properties.get(`${name}AutoReload`);
    return setting instanceof Map && setting.get("enabled") === true;
  }

  function section(key: string): GsonMap {
    if (!server.has(key) && !resolved.has(key)) {
      resolved.add(key);
      const loaded = parse(`${key}.json5`);
      if (loaded !== undefined) server.set(key, loaded);
    }
    const value = server.get(key);
    return value instanceof Map ? value : new Map<string, GsonValue>();
  }

  function useAtStart(): void {
    for (const key of usedAtStart) {
      try {
        section(key);
      } catch (error) {
        if (!(error instanceof JavaError)) throw error;
      }
    }
  }
  useAtStart();

  return {
    read,
    write: (file, text) => {
      written.set(file, text);
    },
    properties: () => properties,
    server: () => server,
    section,
    reload: () => {
      if (reloads.properties) properties = parseOr("properties.json5", properties);
      if (!reloads.server) return;
      const old = server;
      server = parseOr("server.json5", old);
      // A broken server.json5 keeps the sections as well.
      if (server !== old) resolved.clear();
    },
    setSyncStatus: (status) => {
      sync = status;
    },
    syncStatus: () => sync,
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
