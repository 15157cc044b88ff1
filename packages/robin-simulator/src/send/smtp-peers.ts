export type RecipientOutcome =
  | { readonly kind: "accepted" }
  /** The peer's reply at this point of the conversation. */
  | { readonly kind: "reply"; readonly at: "mail" | "rcpt" | "data"; readonly reply: string }
  | { readonly kind: "connectionRefused" }
  /** Takes the connection and says nothing: holds the whole port until Robin gives up. */
  | { readonly kind: "silent" }
  /** Breaks the connection after RCPT. */
  | { readonly kind: "dropped" };

export interface SmtpOptions {
  /** How long Robin waits for a silent peer; default 60,000, as Robin does at least. */
  readonly silentPeerMs?: number | undefined;
  /** Default false. Then a case with `auth` ends after EHLO, without an error. The password `wrong` is refused. */
  readonly offersAuth?: boolean | undefined;
}

/** What the next server holds after a delivery. */
export interface DeliveredMail {
  readonly mail: string;
  readonly rcpts: readonly string[];
  readonly message: Buffer;
}

export interface SimulatedSmtp {
  /** Raw mail that `/client/send` has delivered, the newest last; at most 1000. */
  readonly delivered: readonly DeliveredMail[];
  /** What happens to mail for this address from now on. */
  setOutcome(address: string, outcome: RecipientOutcome): void;
}

/** What the conversation asks. */
export interface SmtpPeers extends SimulatedSmtp {
  readonly silentPeerMs: number;
  readonly offersAuth: boolean;
  outcomeFor(address: string): RecipientOutcome;
  deliver(mail: DeliveredMail): void;
}

const deliveredMax = 1000;

/** By local part, so that a demo can try them; everybody else is accepted. */
const outcomes: Readonly<Record<string, RecipientOutcome>> = {
  nouser: { kind: "reply", at: "rcpt", reply: "550 5.1.1 no such user" },
  later: { kind: "reply", at: "rcpt", reply: "451 4.2.1 try later" },
  spam: { kind: "reply", at: "data", reply: "554 5.7.1 message refused" },
  refused: { kind: "connectionRefused" },
  silent: { kind: "silent" },
  dropped: { kind: "dropped" },
};

export function createSmtpPeers({ silentPeerMs = 60_000, offersAuth = false }: SmtpOptions = {}): SmtpPeers {
  const chosen = new Map<string, RecipientOutcome>();
  const delivered: DeliveredMail[] = [];
  return {
    delivered,
    deliver: (mail) => {
      delivered.push(mail);
      if (delivered.length > deliveredMax) delivered.shift();
    },
    silentPeerMs,
    offersAuth,
    setOutcome: (address, outcome) => {
      chosen.set(address, outcome);
    },
    outcomeFor: (address) =>
      chosen.get(address) ??
      new Map(Object.entries(outcomes)).get(address.split("@", 1)[0] ?? "") ?? { kind: "accepted" },
  };
}
