import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

export const configFiles = {
  "properties.json5": `{ propertiesAutoReload: { enabled: true }, serverAutoReload: { enabled: true } }`,
  "server.json5": `{\n  hostname: "robin.test", // as others know us\n  smtpPort: 25, keystorepassword: "hunter2"\n}`,
  "storage.json5": `{ enabled: true, path: "/var/mail" }`,
  "queue.json5": `{ startDelaySeconds: 10, retry: { totalRetries: 30, firstWaitMinutes: 1 } }`,
  "dovecot.json5": `{ auth: false, saveLmtp: { enabled: false } }`,
  "users.json5": `{
  listEnabled: true,
  list: [
    { name: "tony@example.com", pass: "stark" }, // boss
    { name: "pepper@example.com", pass: "potts" }
  ]
}`,
  "clamav.json5": `// Virus scanner
{
  enabled: false, // until clamd runs
  host: "localhost", port: 3310,
  timeout: 5, // seconds
  onVirus: "reject"
}
`,
  "rspamd.json5": `{
  enabled: false, host: "localhost", port: 11333, timeout: 30,
  rejectThreshold: 7, discardThreshold: 15,
  dkimSigning: { enabled: false, selector: "{$selector}" }
}
`,
};

/** What the UI sends of ClamAV's form. */
export const clamavForm = {
  enabled: true,
  host: "clamav.test",
  port: 3311,
  timeout: 30_000,
  maxFileSize: 26_214_400,
  scanArchives: true,
};

export interface ConfigGateway extends TestGateway {
  folder: string;
  admin: SignedIn;
  get(section: string, options?: { token?: string; prefix?: string }): Promise<Answer>;
  put(section: string, body: unknown, options?: { token?: string; prefix?: string }): Promise<Answer>;
  onDisk(file: string): Promise<string>;
  /** All names in the folder but those of the files that were there. */
  newFiles(): Promise<string[]>;
}

/** A gateway and a simulated Robin that share a folder of configuration files. */
export async function startConfigGateway(
  files: Record<string, string> = configFiles,
  options: Parameters<typeof startTestGateway>[0] = {},
): Promise<ConfigGateway> {
  const folder = await mkdtemp(path.join(tmpdir(), "robin-config-"));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const gateway = await startTestGateway({
    simulator: { items: 0, config: { folder } },
    robinConfigDir: folder,
    ...options,
  });
  const admin = await gateway.signIn("ROLE_ADMIN");
  return {
    ...gateway,
    folder,
    admin,
    get: (section, { token = admin.token, prefix = "/api/v1" } = {}) =>
      gateway.request(`${prefix}/config/${section}`, { token }),
    put: (section, body, { token = admin.token, prefix = "/api/v1" } = {}) =>
      gateway.request(`${prefix}/config/${section}`, { method: "PUT", token, body }),
    onDisk: (file) => readFile(path.join(folder, file), "utf8"),
    newFiles: async () => (await readdir(folder)).filter((name) => !(name in files)),
    async close() {
      await gateway.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const metaOf = ({ body }: Answer) =>
  (
    body as {
      _meta: { version: string; source: string; obstacles: string[]; inForceKnown: boolean; notInForce: unknown[] };
    }
  )._meta;

/** The document without what the gateway says of it. */
export function documentOf({ body }: Answer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body as object).filter(([key]) => key !== "_meta"));
}
