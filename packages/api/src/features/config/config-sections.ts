import type { ConfigObject } from "@robin/config-files";
import type { ConfigSection } from "@robin/sdk";
import { hasUiDocument } from "./ui-documents.ts";

/** A part of the configuration under a name of its own; most are one file of Robin's. */
export interface Section {
  name: string;
  title: string;
  /** The file without its ending. Undefined when there is none, or none that is known. */
  file: string | undefined;
  /** A document of the gateway's own. */
  keptByGateway?: true;
  /** The key under which Robin's server section holds it once it was used, and could hold it inline. */
  key: string;
  /** What Robin takes over at its start alone. */
  restartKeys: readonly string[] | { allBut: readonly string[] };
  /** Why it can only be read here. */
  readOnly?: string;
}

const section = (name: string, title: string, more: Omit<Partial<Section>, "name" | "title"> = {}): Section => ({
  name,
  title,
  file: name,
  key: name,
  restartKeys: [],
  ...more,
});

/** Robin's own dovecot.json5 is not the Dovecot server's configuration that the UI edits, hence another name. */
const sections: readonly Section[] = [
  section("properties", "Properties", { restartKeys: ["propertiesAutoReload", "serverAutoReload"] }),
  section("server", "Server", {
    restartKeys: [
      ...["bind", "smtpPort", "securePort", "submissionPort"],
      ...["smtpConfig", "secureConfig", "submissionConfig", "service", "api"],
    ],
  }),
  section("client", "Client", { restartKeys: { allBut: [] } }),
  section("storage", "Storage"),
  section("queue", "Queue", { restartKeys: { allBut: ["retry"] } }),
  section("relay", "Relay"),
  section("dovecot", "Dovecot", { file: undefined, keptByGateway: true }),
  section("robin-dovecot", "Robin's use of Dovecot", { file: "dovecot", key: "dovecot", restartKeys: ["saveLmtp"] }),
  section("stalwart", "Stalwart"),
  section("prometheus", "Prometheus"),
  section("vault", "Vault"),
  section("clamav", "ClamAV"),
  section("rspamd", "Rspamd"),
  section("webhooks", "Webhooks"),
  section("users", "Users"),
  section("scenarios", "Scenarios"),
  section("blocklist", "Blocklist", { readOnly: "The blocklist has a page of its own: change it under /blocklist." }),
  section("whitelist", "Whitelist"),
  section("geoip", "GeoIP"),
  section("distributed-rate", "Distributed rate limits", { key: "distributedRate" }),
  section("blackhole", "Blackhole"),
  section("proxy", "Proxy"),
  section("bots", "Bots"),
];

export function findSection(name: string): Section | undefined {
  return sections.find((known) => known.name === name.toLowerCase());
}

/** A section that Robin shows and this table does not know: there to be read. */
export const unlistedSection = ({ name, title }: ConfigSection): Section => section(name, title, { file: undefined });

/** The sections whose files are there, and those that Robin shows. */
export function presentSections(files: readonly string[], shown: readonly ConfigSection[]): Section[] {
  const known = sections.filter(
    ({ name, file = "", key }) =>
      hasUiDocument(name) || files.includes(file) || shown.some((candidate) => candidate.name === key),
  );
  const unknown = shown.filter(({ name }) => !sections.some(({ key }) => key === name));
  return [...known, ...unknown.map(unlistedSection)];
}

/** What Robin has in force of it; undefined when Robin does not show it. */
export function valuesInForce({ key }: Section, shown: readonly ConfigSection[]): ConfigObject | undefined {
  const values = (name: string) => shown.find((candidate) => candidate.name === name)?.values;
  const inServer = key === "server" ? undefined : values("server")?.[key];
  return values(key) ?? (isObject(inServer) ? inServer : undefined);
}

export const isObject = (value: unknown): value is ConfigObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
