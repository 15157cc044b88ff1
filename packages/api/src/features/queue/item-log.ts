import { createLogLineReader, type LogEntry } from "@robin/sdk";

/** What Robin's log says of one item, in order. */
export interface LogFact {
  at: Date;
  text: string;
  /** Set where it says how the attempt went wrong. */
  error?: string;
  /** All envelopes were delivered, as Robin sees it. */
  isDelivered?: true;
}

/** A delivery attempt: what its thread writes between its two lines is about it. */
interface Attempt {
  thread: string;
  from: Date;
  to: Date;
}

/** Of more attempts the newest are looked into. */
const attemptsMax = 5;
const factsMax = 100;
const textLengthMax = 500;

function refusal(recipient: string | undefined, isOneAccepted: boolean, reply: string): string {
  if (recipient === undefined) return `The next server refused: ${reply}`;
  const refused = `${recipient} was refused: ${reply}`;
  if (!isOneAccepted) return refused;
  return `${refused} Another recipient had been accepted before, so Robin neither tries this one again nor tells anybody.`;
}

/**
 * Reads what Robin writes about a session by its uid: `take` the lines of a search for the uid, then, where there were
 * attempts, those of a search for each of `threads()`.
 */
export function createItemLog(sessionUid: string, clocks: { timeZone: string; now: Date }) {
  const readLine = createLogLineReader(clocks);
  const facts: LogFact[] = [];
  const attempts: Attempt[] = [];
  const begun = new Map<string, Date>();

  function add(fact: LogFact): void {
    const { error } = fact;
    facts.push({
      ...fact,
      text: fact.text.slice(0, textLengthMax),
      ...(error !== undefined && { error: error.slice(0, textLengthMax) }),
    });
  }

  function takeOwn({ at, thread, message }: LogEntry): void {
    const [, event, rest = ""] =
      /^(Processing session|Session processed|Permanent 5xx failure|Max retries reached|Delivery failed)(.*)$/s.exec(
        message,
      ) ?? [];
    if (event === undefined || !rest.includes(sessionUid)) return;
    const number = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(rest)?.[1]);
    switch (event) {
      case "Processing session":
        begun.set(thread, at);
        add({ at, text: `Delivery attempt ${number("retryCount") + 1} began.` });
        return;
      case "Session processed": {
        const from = begun.get(thread);
        if (from) attempts.push({ thread, from, to: at });
        const [removed, remaining] = [number("removedEnvelopes"), number("remainingEnvelopes")];
        const isDelivered = remaining === 0 && removed > 0;
        add({
          at,
          text: isDelivered ? "It was delivered." : `Of its envelopes ${removed} were delivered, ${remaining} remain.`,
          ...(isDelivered && { isDelivered }),
        });
        return;
      }
      case "Permanent 5xx failure":
        add({ at, text: "The failure is permanent: Robin keeps it as DEAD." });
        return;
      case "Max retries reached":
        add({ at, text: `Robin gave it up and made ${number("generatedBounces")} notices.` });
        return;
      case "Delivery failed": {
        const error = rest.slice(rest.indexOf(": ") + 2);
        add({ at, text: `The attempt failed: ${error}`, error });
      }
    }
  }

  /** Follows what a thread and the next server say to each other, of which the log has each line. */
  function createConversation(thread: string): (entry: LogEntry) => void {
    let recipient: string | undefined;
    let isOneAccepted = false;
    let current: Attempt | undefined;
    return ({ at, message }) => {
      const attempt = attempts
        .slice(-attemptsMax)
        .find((one) => one.thread === thread && one.from <= at && at <= one.to);
      if (!attempt) return;
      if (attempt !== current) [current, isOneAccepted, recipient] = [attempt, false, undefined];
      const written = /^>> RCPT TO:<([^>]*)>/i.exec(message)?.[1];
      const broken = /^(?:Connection error|Error reading\/writing|Error in SMTP exchange): (.*)$/s.exec(message)?.[1];
      const reply = /^<< (\d{3}\b.*)$/s.exec(message)?.[1]?.slice(0, textLengthMax);
      if (written !== undefined) recipient = written;
      else if (broken !== undefined) add({ at, text: `The connection failed: ${broken}`, error: broken });
      else if (reply !== undefined) {
        const isRefusal = /^[45]/.test(reply);
        if (isRefusal) add({ at, text: refusal(recipient, isOneAccepted, reply), error: reply });
        else if (recipient !== undefined) isOneAccepted = true;
        recipient = undefined;
      }
    };
  }

  return {
    takeOwn(line: string): void {
      const entry = readLine(line);
      if (entry) takeOwn(entry);
    },
    /** Each with what takes the lines of a search for it. */
    conversations(): { term: string; take: (line: string) => void }[] {
      const threads = new Set(attempts.slice(-attemptsMax).map(({ thread }) => thread));
      return [...threads].map((thread) => {
        const follow = createConversation(thread);
        return {
          term: `|${thread}|`,
          take: (line) => {
            const entry = readLine(line);
            if (entry?.thread === thread) follow(entry);
          },
        };
      });
    },
    facts(): LogFact[] {
      return facts.toSorted((a, b) => a.at.getTime() - b.at.getTime()).slice(-factsMax);
    },
  };
}
