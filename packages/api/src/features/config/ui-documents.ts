import type { ConfigObject, ConfigValue } from "@robin/config-files";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

/**
 * The documents that the Robin UI edits are not Robin's files. Each of these fields is either a key of Robin's file,
 * perhaps under another name or in another unit, or has no place in Robin and is kept by the gateway.
 * Robin's other keys are part of the document as they are.
 */
interface UiField {
  schema: z.ZodType<ConfigValue>;
  /** Robin's key; without it the gateway keeps the value. */
  robinKey?: string;
  fromRobin?: (value: ConfigValue) => ConfigValue;
  toRobin?: (value: ConfigValue) => ConfigValue;
  /** Shown when there is no value, or none that the UI could read. */
  fallback?: ConfigValue;
}

const flag = z.boolean();
const text = z.string().max(1000);
const host = z.string().min(1).max(253);
const port = z.int().min(1).max(65_535);
const score = z.number().min(1).max(100);
const milliseconds = z.int().min(1000).max(60_000);

/** Robin counts seconds, the UI milliseconds and no more than a minute of them. */
const seconds = {
  fromRobin: (value: ConfigValue) =>
    typeof value === "number" ? Math.min(60_000, Math.max(1000, Math.round(value * 1000))) : value,
  toRobin: (value: ConfigValue) => Math.max(1, Math.round(Number(value) / 1000)),
};
/** Robin's threshold may lie outside of what the UI can show. */
const threshold = {
  fromRobin: (value: ConfigValue) => (typeof value === "number" ? Math.min(100, Math.max(1, value)) : value),
};

const dovecotDefault = {
  protocols: ["imap", "pop3", "lmtp"],
  listen: "*, ::",
  authentication: { mechanisms: ["plain", "login"] },
  mailLocation: "maildir:~/Maildir",
  ssl: { enabled: false, certFile: "/etc/dovecot/ssl/cert.pem", keyFile: "/etc/dovecot/ssl/key.pem" },
  limits: { maxConnections: 100, maxUserConnections: 10 },
};
const count = z.int().min(1).max(1_000_000);

const uiDocuments: Readonly<Record<string, Readonly<Record<string, UiField>>>> = {
  clamav: {
    enabled: { schema: flag, robinKey: "enabled", fallback: false },
    host: { schema: host, robinKey: "host", fallback: "localhost" },
    port: { schema: port, robinKey: "port", fallback: 3310 },
    timeout: { schema: milliseconds, robinKey: "timeout", ...seconds, fallback: 5000 },
    maxFileSize: { schema: z.int().min(1) },
    scanArchives: { schema: flag },
  },
  rspamd: {
    enabled: { schema: flag, robinKey: "enabled", fallback: false },
    host: { schema: host, robinKey: "host", fallback: "localhost" },
    port: { schema: port, robinKey: "port", fallback: 11_333 },
    timeout: { schema: milliseconds, robinKey: "timeout", ...seconds, fallback: 30_000 },
    rejectScore: { schema: score, robinKey: "rejectThreshold", ...threshold, fallback: 7 },
    addHeaderScore: { schema: score, fallback: 6 },
    greylistScore: { schema: score, fallback: 4 },
    /** The password of Rspamd's controller, which Robin never needs. */
    apiKey: { schema: text },
  },
  dovecot: {
    protocols: { schema: z.array(text).max(20), fallback: dovecotDefault.protocols },
    listen: { schema: text, fallback: dovecotDefault.listen },
    authentication: {
      schema: z.object({ mechanisms: z.array(text).max(20), defaultRealm: text.nullish() }).catchall(z.json()),
      fallback: dovecotDefault.authentication,
    },
    mailLocation: { schema: text, fallback: dovecotDefault.mailLocation },
    ssl: {
      schema: z.object({ enabled: flag, certFile: text.nullish(), keyFile: text.nullish() }).catchall(z.json()),
      fallback: dovecotDefault.ssl,
    },
    limits: {
      schema: z.object({ maxConnections: count.nullish(), maxUserConnections: count.nullish() }).catchall(z.json()),
      fallback: dovecotDefault.limits,
    },
  },
};

export const hasUiDocument = (section: string): boolean => section in uiDocuments;
const fieldsOf = (section: string): Readonly<Record<string, UiField>> => uiDocuments[section] ?? {};

/** The schemas of the fields that a section's document has beyond Robin's keys. */
export function fieldSchemas(section: string): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(fieldsOf(section)).map(([name, { schema }]) => [name, schema]));
}

/** Robin's keys that go by another name in the document, with that name. */
export function renamedKeys(section: string): Map<string, string> {
  const renamed = Object.entries(fieldsOf(section)).flatMap(([name, { robinKey }]) =>
    robinKey === undefined || robinKey === name ? [] : [[robinKey, name] as const],
  );
  return new Map(renamed);
}

/** The document made of Robin's values and ours. */
export function toDocument(section: string, robin: ConfigObject, own: ConfigObject): ConfigObject {
  const fields = Object.entries(fieldsOf(section));
  const shown = fields.flatMap(([name, field]): [string, ConfigValue][] => {
    const source = field.robinKey === undefined ? own : robin;
    const key = field.robinKey ?? name;
    const raw = Object.hasOwn(source, key) ? source[key] : undefined;
    const value = raw === undefined ? raw : (field.fromRobin?.(raw) ?? raw);
    const isReadable = value !== undefined && field.schema.safeParse(value).success;
    const answer = isReadable ? value : field.fallback;
    return answer === undefined ? [] : [[name, answer]];
  });
  const taken = new Set(fields.flatMap(([name, { robinKey }]) => [name, robinKey ?? name]));
  const others = [...Object.entries(robin), ...Object.entries(own)].filter(([key]) => !taken.has(key));
  return Object.fromEntries([...shown, ...others]);
}

/** What has to change in Robin's file and in our document, each as a merge patch (RFC 7396). */
export interface Patches {
  robin: ConfigObject;
  own: ConfigObject;
}

interface SectionOfDocument {
  name: string;
  keptByGateway?: true;
}

/**
 * A field that is sent as it was shown changes nothing, so that what the UI cannot show stays; but a value that Robin
 * has not, and was shown for want of one, is written.
 */
export function toPatches(
  { section, document, robin: present }: { section: SectionOfDocument; document: ConfigObject; robin: ConfigObject },
  sent: ConfigObject,
): Patches {
  const fields = fieldsOf(section.name);
  const [robin, own] = [new Map<string, ConfigValue>(), new Map<string, ConfigValue>()];
  for (const [name, value] of Object.entries(sent)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const isShown = isDeepStrictEqual(value, Object.hasOwn(document, name) ? document[name] : null);
    const isMissing = value !== null && field?.robinKey !== undefined && !Object.hasOwn(present, field.robinKey);
    if (isShown && !isMissing) continue;
    if (field?.robinKey !== undefined) {
      robin.set(field.robinKey, value === null ? null : (field.toRobin?.(value) ?? value));
    } else if (field || section.keptByGateway) own.set(name, value);
    else robin.set(name, value);
  }
  return { robin: Object.fromEntries(robin), own: Object.fromEntries(own) };
}

/** The name in the document of a key of Robin's file. */
export function documentKey(section: string, robinKey: string): string {
  return renamedKeys(section).get(robinKey) ?? robinKey;
}
