import type { SimulatorClock } from "../clock.ts";
import type { Random } from "../random.ts";
import { createMailWriter } from "../store/seed-mail.ts";
import { seededAccounts } from "../store/simulated-store.ts";
import { folderPath, inboxFolder, ownerOf, sentFolder } from "./mailbox-names.ts";
import { createMailboxStore } from "./mailbox-store.ts";
import type { MailboxStore } from "./mailbox-store.ts";

export interface Delivery {
  /** Default now. */
  receivedAt?: Date;
  /** Default the inbox. */
  folder?: string;
  read?: boolean;
}

/** What tests and demos may do to the mailboxes behind `/store-rocksdb`. */
export interface SimulatedMailboxes {
  /** Puts a mail into a mailbox, which need not exist; gives its id. Throws for an address without an at sign. */
  deliver(address: string, content: string | Uint8Array, delivery?: Delivery): string;
}

export interface MailboxDependencies {
  readonly random: Random;
  readonly clock: SimulatorClock;
  readonly storeFolder: string;
}

export function createMailboxes({ random, clock, storeFolder }: MailboxDependencies): {
  store: MailboxStore;
  mailboxes: SimulatedMailboxes;
} {
  const store = createMailboxStore({ clock, newUuid: random.uuid });
  const deliver: SimulatedMailboxes["deliver"] = (address, content, delivery = {}) => {
    const at = address.lastIndexOf("@");
    const owner = ownerOf(address.slice(at + 1), address.slice(0, Math.max(0, at)));
    const { receivedAt = clock.now(), folder = inboxFolder, read = false } = delivery;
    const day = receivedAt.toISOString().slice(0, 10).replaceAll("-", "");
    store.open(owner);
    return store.put(owner, {
      folder: folderPath(folder),
      read,
      receivedAtMs: receivedAt.getTime(),
      sourceFile: `${storeFolder}/tmp/${day}.${random.uuid()}.eml`,
      content: Buffer.from(content as Uint8Array),
    });
  };
  return { store, mailboxes: { deliver } };
}

const folders = [inboxFolder, inboxFolder, inboxFolder, sentFolder, "Projects", "Projects/2026"] as const;
const daysKept = 200;
const dayMs = 86_400_000;

export function seedMailboxes(
  mailboxes: SimulatedMailboxes,
  mails: number,
  { random, clock }: MailboxDependencies,
): void {
  const writer = createMailWriter(random);
  for (let index = 0; index < mails; index += 1) {
    const { domain, user } = random.pick(seededAccounts);
    const receivedAt = new Date(clock.now().getTime() - Math.floor(random.next() * daysKept * dayMs));
    const to = `${user}@${domain}`;
    const delivery = { receivedAt, folder: random.pick(folders), read: random.next() < 0.6 };
    mailboxes.deliver(to, writer.mail(index, { to, sentAt: receivedAt }), delivery);
  }
}
