import { epochSeconds } from "../clock.ts";
import type { SimulatorClock } from "../clock.ts";
import type { SimulatedEnvelope, SimulatedQueue, SimulatedQueueItem } from "./queue.ts";
import type { Random } from "../random.ts";
import { claimTimeoutSeconds, retryWaitSeconds } from "./schedule.ts";

/** Domains that nobody can own, so a demo that leaks into the world reaches no one. */
const localDomains = ["robin.example", "mail.robin.example"] as const;
const remoteDomains = [
  "example.com",
  "example.org",
  "example.net",
  "nordwind-logistik.example",
  "harbour-books.example",
  "xn--bckerei-klee-5hb.example",
  "olive-and-fig.example",
  "alpine-rescue.test",
  "city-library.test",
] as const;
const people = [
  "ada.keller",
  "ben.okafor",
  "carla.rossi",
  "d.o'brien",
  "elif+orders",
  "frank_moreau",
  "grace.liu",
  "hana.novak",
  "ivan.petrov",
  "jürgen.groß",
  "søren.løken",
  "maría.núñez",
  "newsletter",
  "billing",
  "no-reply",
] as const;
const temporaryErrors = [
  "451 4.7.1 Greylisted, try again later",
  "421 4.3.2 Too many connections",
  "101 Connection refused",
  "101 Read timed out",
  "452 4.2.2 Mailbox full",
] as const;
const permanentErrors = [
  "550 5.1.1 No such user",
  "554 5.7.1 Rejected by policy",
  "552 5.2.3 Message too large",
  "Bounced by admin endpoint",
] as const;

export interface MailFactory {
  /** One believable item that was just queued. */
  freshItem(): Partial<SimulatedQueueItem>;
  /** One item in any state, with a past that fits it. */
  agedItem(): Partial<SimulatedQueueItem>;
  temporaryError(): string;
}

export function createMailFactory(random: Random, clock: SimulatorClock, queueFolder: string): MailFactory {
  const address = (domains: typeof localDomains | typeof remoteDomains): string =>
    `${random.pick(people)}@${random.pick([...domains])}`;

  function envelopes(sessionUid: string): SimulatedEnvelope[] {
    const count = random.next() < 0.06 ? 2 + random.below(6) : 1;
    return Array.from({ length: count }, (_unused, index) => {
      const rcptCount = random.next() < 0.2 ? 2 + random.below(8) : 1;
      const rcpts = [...new Set(Array.from({ length: rcptCount }, () => address(remoteDomains)))];
      return { mail: address(localDomains), rcpts, file: `${queueFolder}/qeml-${sessionUid}-${index}.eml` };
    });
  }

  function freshItem(): Partial<SimulatedQueueItem> {
    const sessionUid = random.uuid();
    const dice = random.next();
    const protocol = dice < 0.78 ? "ESMTP" : dice < 0.9 ? "LMTP" : dice < 0.96 ? "esmtp" : "dovecot-lda";
    return { uid: random.uuid(), sessionUid, protocol, envelopes: envelopes(sessionUid) };
  }

  /** The past of an item with so many retries: made long enough ago for the schedule to have had its way. */
  function past(retryCount: number): Partial<SimulatedQueueItem> {
    const nowSeconds = epochSeconds(clock);
    if (retryCount === 0) {
      const createdAtSeconds = nowSeconds - random.below(300);
      return { retryCount, createdAtSeconds, nextAttemptAtSeconds: createdAtSeconds };
    }
    const waited = Array.from({ length: retryCount - 1 }, (_unused, index) => retryWaitSeconds(index + 1)).reduce(
      (sum, wait) => sum + wait,
      0,
    );
    const lastRetryAtSeconds = nowSeconds - random.below(retryWaitSeconds(retryCount));
    const nextAttemptAtSeconds = lastRetryAtSeconds + retryWaitSeconds(retryCount);
    return {
      retryCount,
      createdAtSeconds: lastRetryAtSeconds - waited - random.below(60),
      lastRetryAtSeconds,
      nextAttemptAtSeconds,
    };
  }

  function agedItem(): Partial<SimulatedQueueItem> {
    const item = freshItem();
    const dice = random.next();
    if (dice < 0.08) {
      const claimedUntilSeconds = epochSeconds(clock) + 1 + random.below(claimTimeoutSeconds);
      return { ...item, ...past(random.below(2)), state: "CLAIMED", claimedUntilSeconds };
    }
    if (dice < 0.26) {
      const lastError = random.pick(permanentErrors);
      return { ...item, ...past(random.below(9)), state: "DEAD", lastError };
    }
    const retryCount = random.next() < 0.45 ? 1 + random.below(10) : 0;
    return { ...item, ...past(retryCount), lastError: retryCount > 0 ? random.pick(temporaryErrors) : undefined };
  }

  return { freshItem, agedItem, temporaryError: () => random.pick(temporaryErrors) };
}

export function seedQueue(queue: SimulatedQueue, mail: MailFactory, items: number): void {
  for (let index = 0; index < items; index++) queue.add(mail.agedItem());
  // The order is found now, so that the first request does not pay for it.
  queue.items();
}
