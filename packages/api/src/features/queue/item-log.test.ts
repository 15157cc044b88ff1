import { describe, expect, it } from "vitest";
import { createItemLog } from "./item-log.ts";

const uid = "5a2ce6a0-7d0d-4a3c-9d2f-6a9c1d1e8f10";
const clocks = { timeZone: "UTC", now: new Date("2027-03-31T12:00:00.000Z") };

const line = (second: string, message: string, { thread = "pool-5-thread-2", logger = "queue.RelayDequeue" } = {}) =>
  `INFO |0331-1100${second}000|${thread}|${logger}||||${message}`;
const talk = (second: string, message: string, thread?: string) =>
  line(second, message, { logger: "connection.SmtpFoundation", ...(thread && { thread }) });

/** The log as Robin's search gives it: by what a line contains. */
function read(lines: readonly string[]) {
  const log = createItemLog(uid, clocks);
  for (const own of lines.filter((text) => text.includes(uid))) log.takeOwn(own);
  for (const { term, take } of log.conversations()) {
    for (const text of lines.filter((one) => one.includes(term))) take(text);
  }
  return log.facts();
}

describe("what Robin's log says of an item", () => {
  it("tells a delivery", () => {
    const facts = read([
      line("01", `Processing session: uid=${uid}, protocol=ESMTP, retryCount=2, envelopes=1, recipients=1`),
      talk("02", ">> RCPT TO:<pepper@example.com>"),
      talk("03", "<< 250 2.1.5 Ok"),
      line("04", `Session processed: uid=${uid}, removedEnvelopes=1, remainingEnvelopes=0`),
    ]);
    expect(facts).toEqual([
      { at: new Date("2027-03-31T11:00:01.000Z"), text: "Delivery attempt 3 began." },
      { at: new Date("2027-03-31T11:00:04.000Z"), text: "It was delivered.", isDelivered: true },
    ]);
  });

  it("tells who was refused and why, from what the same thread wrote during the attempt", () => {
    const facts = read([
      talk("00", "<< 550 of another attempt"),
      line("01", `Processing session: uid=${uid}, protocol=ESMTP, retryCount=0, envelopes=1, recipients=1`),
      talk("02", ">> RCPT TO:<pepper@example.com>"),
      talk("02", "<< 550 of another thread", "pool-5-thread-20"),
      talk("03", "<< 550 5.1.1 No such user"),
      line("04", `Session processed: uid=${uid}, removedEnvelopes=0, remainingEnvelopes=1`),
      line("04", `Permanent 5xx failure, marking dead: uid=${uid}`),
      talk("05", "<< 550 of another attempt"),
    ]);
    expect(facts.map(({ text }) => text)).toEqual([
      "Delivery attempt 1 began.",
      "pepper@example.com was refused: 550 5.1.1 No such user",
      "Of its envelopes 0 were delivered, 1 remain.",
      "The failure is permanent: Robin keeps it as DEAD.",
    ]);
    expect(facts[1]?.error).toBe("550 5.1.1 No such user");
  });

  it("says that a recipient is lost who was refused after another was accepted", () => {
    const facts = read([
      line("01", `Processing session: uid=${uid}, protocol=ESMTP, retryCount=0, envelopes=1, recipients=2`),
      talk("02", ">> RCPT TO:<tony@example.com>"),
      talk("03", "<< 250 2.1.5 Ok"),
      talk("04", ">> RCPT TO:<pepper@example.com>"),
      talk("05", "<< 550 5.1.1 No such user"),
      line("06", `Session processed: uid=${uid}, removedEnvelopes=1, remainingEnvelopes=0`),
    ]);
    expect(facts[1]?.text).toMatch(/^pepper@example\.com was refused: 550 .* neither tries this one again/);
  });

  it("tells a connection that failed and a delivery that broke off", () => {
    const facts = read([
      line("01", `Processing session: uid=${uid}, protocol=LMTP, retryCount=0, envelopes=1, recipients=1`),
      talk("02", "Connection error: Connection refused"),
      line("03", `Delivery failed for session uid=${uid}: no more connections`),
      line("04", `Session processed: uid=${uid}, removedEnvelopes=0, remainingEnvelopes=1`),
    ]);
    expect(facts.flatMap(({ error }) => error ?? [])).toEqual(["Connection refused", "no more connections"]);
  });

  it("takes nothing for an attempt that only looks like one", () => {
    expect(
      read([
        line("01", `Parsed query params: {query=${uid}}`, { logger: "endpoints.ApiEndpointUtils" }),
        line("02", "Processing session: uid=another, protocol=ESMTP, retryCount=0, envelopes=1, recipients=1"),
        `not a line of a log ${uid}`,
      ]),
    ).toEqual([]);
  });
});
