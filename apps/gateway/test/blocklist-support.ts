import { parseJson5 } from "@robin/config-files";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

export interface EntryBody {
  id: string;
  type: string;
  value: string;
  reason: string;
  createdAt: string;
  createdBy: string;
  expiresAt?: string;
  active: boolean;
}
export interface ChangedBody extends EntryBody {
  projected: boolean;
  notices: string[];
}
export interface ImportBody {
  imported: number;
  failed: number;
  duplicates: number;
  errors: string[];
  projected: boolean;
  notices: string[];
}

export interface BlocklistGateway extends TestGateway {
  admin: SignedIn;
  reader: SignedIn;
  call(method: string, path: string, body?: unknown, caller?: SignedIn): Promise<Answer>;
  block(value: string, fields?: object): Promise<ChangedBody>;
  /** By the form of the UI. */
  upload(file: string | Buffer, query?: string, caller?: SignedIn): Promise<Answer>;
}

/** Every call is one of the UI's production build, which knows no prefix. */
export async function startBlocklistGateway(
  options: Parameters<typeof startTestGateway>[0] = {},
): Promise<BlocklistGateway> {
  const gateway = await startTestGateway(options);
  const admin = await gateway.signIn("ROLE_ADMIN");
  const reader = await gateway.signIn("ROLE_READONLY");
  const call = (method: string, url: string, body?: unknown, { token } = admin) =>
    gateway.request(url, { method, token, ...(body !== undefined && { body }) });
  return {
    ...gateway,
    admin,
    reader,
    call,
    async block(value, fields = {}) {
      const answer = await call("POST", "/blocklist", { value, reason: "abuse", ...fields });
      if (answer.status !== 200) throw new Error(answer.text);
      return answer.body as ChangedBody;
    },
    async upload(file, query = "", { token } = admin) {
      const form = new FormData();
      form.set("file", new Blob([new Uint8Array(Buffer.from(file))]), "blocklist.csv");
      const encoded = new Response(form);
      const contentType = encoded.headers.get("content-type") ?? "";
      const bytes = new Uint8Array(await encoded.arrayBuffer());
      return gateway.request(`/blocklist/import${query}`, {
        body: bytes,
        token,
        headers: { "content-type": contentType },
      });
    },
  };
}

export interface RobinFolder {
  path: string;
  text(): Promise<string>;
  value(): Promise<{ enabled?: boolean; entries?: string[]; gatewayEntries?: string[] }>;
  write(name: string, text: string): Promise<void>;
  /** As a volume that is not mounted (any more). */
  takeAway(): Promise<void>;
  bringBack(): Promise<void>;
  remove(): Promise<void>;
}

/** As Robin ships the file, with an entry by hand. */
export const shippedFile = `{
  // Enable or disable connection blocking (default: false).
  enabled: false,
  entries: [
    "198.51.100.1" // the one with the newsletters
  ]
}
`;

export async function createRobinFolder(text = shippedFile): Promise<RobinFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), "robin-blocklist-"));
  const read = () => readFile(path.join(folder, "blocklist.json5"), "utf8");
  const write = (name: string, content: string) => writeFile(path.join(folder, name), content);
  await write("properties.json5", `{ serverAutoReload: { enabled: true } }`);
  await write("blocklist.json5", text);
  return {
    path: folder,
    text: read,
    value: async () => parseJson5(await read()),
    write,
    takeAway: () => rename(folder, `${folder}.away`),
    bringBack: () => rename(`${folder}.away`, folder),
    remove: () => rm(folder, { recursive: true }),
  };
}
