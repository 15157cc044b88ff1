import pg from "pg";
import { setTimeout as delay } from "node:timers/promises";
import { backOffMs, connectionName, keepChecking, type OpenCarrier, usualPatience } from "./carrier.ts";

const channel = "robin_events";

/** PostgreSQL takes less than 8000 bytes; a longer message goes in parts. One transaction's parts arrive in one piece. */
const partCharsMax = 7900;
const more = "+";
const last = "=";

/** Letters that are not ASCII are escaped, as JSON may: a character is a byte then. */
function toParts(json: string): string[] {
  const ascii = json.replace(
    /[\u0080-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const count = Math.max(1, Math.ceil(ascii.length / partCharsMax));
  return Array.from({ length: count }, (_, index) => {
    const part = ascii.slice(index * partCharsMax, (index + 1) * partCharsMax);
    return (index === count - 1 ? last : more) + part;
  });
}

/** LISTEN on one connection, NOTIFY on another. Does not go through a pooler that lends connections by the transaction. */
export function postgresCarrier(url: string, { checkEveryMs, answerWithinMs } = usualPatience): OpenCarrier {
  return ({ onMessage, onListening, onAway }) => {
    const connection: pg.ClientConfig = {
      connectionString: url,
      application_name: connectionName,
      connectionTimeoutMillis: answerWithinMs,
      query_timeout: answerWithinMs,
      keepAlive: true,
    };
    // One connection, so that messages keep their order.
    const sender = new pg.Pool({ ...connection, max: 1 }).on("error", () => undefined);
    const closing = new AbortController();
    const isClosing = (): boolean => closing.signal.aborted;

    /** Settles, with why, when the connection has ended. */
    async function listen(onBegin: () => void): Promise<Error> {
      const client = new pg.Client(connection);
      const checking = new AbortController();
      const ended = new Promise<Error>((resolve) => {
        client.on("error", resolve).on("end", () => {
          resolve(new Error("PostgreSQL has ended the connection"));
        });
        const close = (): void => {
          resolve(new Error("closed"));
        };
        closing.signal.addEventListener("abort", close, { signal: checking.signal });
      });
      let begun = "";
      client.on("notification", ({ payload = "" }) => {
        begun += payload.slice(1);
        if (payload.startsWith(more)) return;
        const message = begun;
        begun = "";
        onMessage(message);
      });
      try {
        await client.connect();
        await client.query(`LISTEN ${channel}`);
        onBegin();
        const check = keepChecking(() => client.query("SELECT 1"), { everyMs: checkEveryMs, signal: checking.signal });
        return await Promise.race([ended, check]);
      } finally {
        checking.abort();
        // A connection that does not answer does not say goodbye either.
        void client.end().catch(() => undefined);
      }
    }

    async function keepListening(): Promise<void> {
      for (let attempt = 0; !isClosing(); attempt += 1) {
        const begin = (): void => {
          attempt = 0;
          onListening();
        };
        const error = await listen(begin).catch((thrown: unknown) => thrown as Error);
        if (isClosing()) return;
        onAway(error);
        await delay(backOffMs(attempt), undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }

    const listening = keepListening();
    return {
      async send(text) {
        const inOrder =
          "SELECT pg_notify($1, part) FROM unnest($2::text[]) WITH ORDINALITY AS parts (part, n) ORDER BY n";
        await sender.query(inOrder, [channel, toParts(text)]);
      },
      async close() {
        closing.abort();
        await Promise.all([listening, sender.end()]);
      },
    };
  };
}
