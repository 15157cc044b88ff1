import { describe, expect, it } from "vitest";
import type { SendAnswer } from "./send.schemas.ts";
import { toSendResult } from "./send.verdict.ts";

type Transaction = SendAnswer["sessionTransactionList"]["transactions"][number];

const transaction = (command: string, response?: string, payload?: string): Transaction => ({
  command,
  error: false,
  ...(response === undefined ? {} : { response }),
  ...(payload === undefined ? {} : { payload }),
});

function judge(
  envelopes: Transaction[][],
  options: { rcpts?: string[]; session?: Transaction[]; asked?: number } = {},
) {
  const { rcpts = ["b@x"], session = [transaction("SMTP", "220 hi")], asked = envelopes.length } = options;
  return toSendResult(
    {
      uid: "u",
      date: "Mon, 23 Nov 2026 05:04:51 +0000",
      envelopes: envelopes.map(() => ({ rcpts })),
      sessionTransactionList: {
        envelopes: envelopes.map((transactions) => ({ transactions })),
        transactions: session,
      },
    },
    asked,
  );
}
const accepted = [transaction("MAIL", "250 ok"), transaction("RCPT", "250 ok")];

describe("toSendResult", () => {
  it("trap 15: counts envelopes that Robin dropped, and then not all is delivered", () => {
    const delivered = [...accepted, transaction("DATA", "250 2.0.0 Received")];
    expect(judge([delivered])).toMatchObject({ delivered: true, droppedEnvelopes: 0 });
    expect(judge([delivered], { asked: 3 })).toMatchObject({ delivered: false, droppedEnvelopes: 2 });
    expect(judge([], { asked: 1 })).toMatchObject({ delivered: false, droppedEnvelopes: 1, envelopes: [] });
  });

  it("trap 13: the last BDAT decides, not the chunks before it", () => {
    const chunks = (last: string) => [
      ...accepted,
      transaction("BDAT", "250 chunk", "BDAT 2048\r\n"),
      transaction("BDAT", last, "BDAT 10 LAST\r\n"),
    ];
    expect(judge([chunks("250 2.0.0 ok")]).delivered).toBe(true);
    expect(judge([chunks("552 5.3.4 too big")]).envelopes[0]?.recipients[0]).toEqual({
      address: "b@x",
      verdict: "refused",
      reply: { code: 552, text: "552 5.3.4 too big" },
    });
  });

  it.each([
    ["421-bye\r\n421 now", "deferred"],
    ["101 Read timed out", "unknown"],
    ["", "unknown"],
    [undefined, "unknown"],
    ["354 go ahead", "unknown"],
  ])("a message answered %j leaves the recipient %s", (response, verdict) => {
    const { envelopes, delivered } = judge([[...accepted, transaction("DATA", response)]]);
    expect([envelopes[0]?.recipients[0]?.verdict, delivered]).toEqual([verdict, false]);
  });

  it("recipients that the conversation did not reach were not tried", () => {
    const { envelopes } = judge([accepted], { rcpts: ["a@x", "b@x"] });
    expect(envelopes[0]?.recipients.map(({ verdict }) => verdict)).toEqual(["unknown", "not-tried"]);
  });

  it("an envelope without recipients is not delivered", () => {
    expect(judge([[...accepted, transaction("DATA", "250 ok")]], { rcpts: [] }).delivered).toBe(false);
  });

  it.each([
    ["AUTH", "AUTH PLAIN AHUAcA==", "AUTH PLAIN [redacted]"],
    ["AUTH", "AUTH LOGIN dQ== cA==", "AUTH LOGIN [redacted]"],
    ["AUTH", "auth plain AHUAcA==", "auth plain [redacted]"],
    ["AUTH", "AUTH LOGIN", "AUTH LOGIN"],
    ["AUTH", "AHUAcA==", "AUTH [redacted]"],
    ["AUTH", "AUTH", "AUTH"],
    ["SMTP", "AUTH XOAUTH2 dQ==", "AUTH XOAUTH2 [redacted]"],
    ["MAIL", "MAIL FROM:<a@x>", "MAIL FROM:<a@x>"],
  ])("trap 18: of %s with %j it shows %j", (command, payload, shown) => {
    const { transactions } = judge([], { session: [transaction(command, "235 ok", payload)] });
    expect(transactions[0]?.payload).toBe(shown);
  });

  it("a date in a foreign locale and a bare 101 are no obstacle", () => {
    const { uid, ...rest } = { uid: "u", date: "lundi" };
    const lists = { envelopes: [], transactions: [transaction("SMTP", "101")] };
    const result = toSendResult({ uid, ...rest, envelopes: [], sessionTransactionList: lists }, 0);
    expect(result).toEqual({
      sessionUid: "u",
      delivered: false,
      wasTried: true,
      connectionFailure: "",
      droppedEnvelopes: 0,
      envelopes: [],
      transactions: [{ command: "SMTP", response: "101", error: false }],
    });
  });
});
