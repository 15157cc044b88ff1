import type { SimulatorClock } from "../clock.ts";
import type { Random } from "../random.ts";
import { createFileTree, joinPath, parentOf, toPath } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import { createMailWriter } from "./seed-mail.ts";

/** What tests and demos may do to the files behind `/store`. */
export interface SimulatedStore {
  /** Puts a file, making its directories, at a path such as `example.com/tony/new/1.eml`. Throws for a path no disk takes. */
  put(path: string, content: string | Uint8Array, modifiedAt?: Date): void;
  /** A copy of the bytes; undefined when there is no such file. */
  read(path: string): Buffer | undefined;
  /** The paths of all files, in no order. */
  files(): string[];
}

export function simulatedStore(tree: FileTree): SimulatedStore {
  return {
    put: (path, content, modifiedAt) => {
      const place = toPath(path);
      tree.makeDirectories(parentOf(place));
      tree.write(place, Buffer.from(content as Uint8Array), modifiedAt?.getTime());
    },
    read: (path) => {
      const file = tree.file(toPath(path));
      return file === undefined ? undefined : Buffer.from(file.bytes);
    },
    files: () => tree.walkFiles("").map(({ path }) => path),
  };
}

/** The accounts of the demo, and where their mail lies. Robin's own working folders show beside them as if they were domains. */
export const seededAccounts: readonly [Account, ...Account[]] = [
  { domain: "robin.example", user: "ada.keller" },
  { domain: "robin.example", user: "jürgen.groß" },
  { domain: "robin.example", user: "elif+orders" },
  { domain: "mail.robin.example", user: "billing" },
];

interface Account {
  readonly domain: string;
  readonly user: string;
}

const folders = ["", "", "", ".Sent", ".Projects", ".Projects/.2026", ".Drafts", ".100% Büro + mehr"] as const;
const daysKept = 200;
const dayMs = 86_400_000;

export interface StoreSeed {
  readonly random: Random;
  readonly clock: SimulatorClock;
  readonly storeFolder: string;
  /** 0 leaves the store without any account. */
  readonly mails: number;
}

export function createSeededStore({ random, clock, storeFolder, mails }: StoreSeed): FileTree {
  const tree = createFileTree(storeFolder, () => clock.now().getTime());
  tree.makeDirectories("queue");
  tree.makeDirectories("tmp");
  if (mails === 0) return tree;

  for (const { domain, user } of seededAccounts) {
    for (const folder of new Set(folders))
      for (const leaf of ["new", "cur", "tmp"]) tree.makeDirectories(joinPath(domain, user, folder, leaf));
  }
  const writer = createMailWriter(random);
  for (let index = 0; index < mails; index += 1) {
    const { domain, user } = random.pick(seededAccounts);
    const sentAt = new Date(clock.now().getTime() - Math.floor(random.next() * daysKept * dayMs));
    const day = sentAt.toISOString().slice(0, 10).replaceAll("-", "");
    const leaf = random.next() < 0.4 ? "new" : "cur";
    const place = joinPath(domain, user, random.pick(folders), leaf, `${day}.${random.uuid()}.eml`);
    tree.write(place, writer.mail(index, { to: `${user}@${domain}`, sentAt }), sentAt.getTime());
  }
  return tree;
}
