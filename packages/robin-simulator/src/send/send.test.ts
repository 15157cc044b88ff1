import { describe, expect, it } from "vitest";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { startSimulator } from "../testing/simulators.ts";

interface Transaction {
  command: string;
  payload?: string;
  response: string;
  error: boolean;
}
interface Session {
  direction: string;
  smtpUtf8: boolean;
  ehloAuth: string[];
  envelopes: Record<string, unknown>[];
  sessionTransactionList: { envelopes: { transactions: Transaction[] }[]; transactions: Transaction[] };
}

async function post(robin: RobinSimulator, body: string, target = "/client/send", type = "application/json") {
  const headers = { "Content-Type": type };
  const answer = await sendRaw(robin.clientUrl, { method: "POST", target, headers, body });
  return { status: answer?.status, body: answer?.body ?? "" };
}

const envelope = { mail: "a@example.com", rcpt: ["b@example.com"], subject: "Hi", message: "Body" };
const to = (...rcpt: string[]) => ({ envelopes: [{ ...envelope, rcpt }] });

async function send(robin: RobinSimulator, robinCase: object) {
  const { status, body } = await post(robin, JSON.stringify({ ehlo: "client.test", ...robinCase }));
  expect(status).toBe(200);
  const session = JSON.parse(body) as Session;
  const { envelopes, transactions } = session.sessionTransactionList;
  const short = ({ command, response, error }: Transaction): string =>
    `${command} ${response.slice(0, 3)}${error ? " error" : ""}`;
  return {
    session,
    body,
    talk: transactions.map(short),
    talks: envelopes.map((entry) => entry.transactions.map(short)),
  };
}

describe("POST /client/send", () => {
  it("200 with the whole conversation, as a delivering Robin gives it", async () => {
    const { session, talk, talks, body } = await send(await startSimulator(), to("b@example.com"));
    expect([talk, talks]).toEqual([["SMTP 220", "EHLO 250", "QUIT 221"], [["MAIL 250", "RCPT 250", "DATA 250"]]]);
    expect(session).toMatchObject({ direction: "OUTBOUND", smtpUtf8: true, ehloAuth: [] });
    expect(session.sessionTransactionList.envelopes[0]?.transactions[0]?.payload).toBe(
      "MAIL FROM:<a@example.com> SIZE=266",
    );
    expect(session.envelopes[0]).toMatchObject({ subject: "Hi", message: "Body", rcpts: ["b@example.com"] });
    expect(session.envelopes[0]).not.toHaveProperty("file");
    expect(body).not.toContain("messageSource");
  });

  it.each<[string, string[], string[]]>([
    ["one refused", ["nouser@x"], ["MAIL 250", "RCPT 550 error"]],
    ["one deferred", ["later@x"], ["MAIL 250", "RCPT 451 error"]],
    ["the second refused", ["ok@x", "nouser@x"], ["MAIL 250", "RCPT 250", "RCPT 550", "DATA 250"]],
    ["the first refused", ["nouser@x", "ok@x"], ["MAIL 250", "RCPT 550 error", "RCPT 250", "DATA 250"]],
    ["the message refused", ["spam@x"], ["MAIL 250", "RCPT 250", "DATA 554 error"]],
  ])("trap 14: 200 with %s", async (_name, rcpts, expected) => {
    const { talk, talks } = await send(await startSimulator(), to(...rcpts));
    expect([talk.at(-1), talks]).toEqual(["QUIT 221", [expected]]);
  });

  it("200 with a refused sender, or what a test wants for an address", async () => {
    const robin = await startSimulator();
    const refused = await send(robin, { envelopes: [{ ...envelope, mail: "badsender@x" }] });
    expect(refused.talks).toEqual([["MAIL 550 error"]]);
    robin.smtp.setOutcome("b@example.com", { kind: "reply", at: "mail", reply: "452 4.3.1 full" });
    expect((await send(robin, to("b@example.com"))).talks).toEqual([["MAIL 452 error"]]);
    robin.smtp.setOutcome("b@example.com", { kind: "accepted" });
    expect((await send(robin, to("b@example.com"))).talks[0]).toContain("DATA 250");
  });

  it.each([
    ["a closed port", { port: 2599, ...to("b@x") }, "101 Connection refused"],
    ["a recipient whose peer is away", to("refused@x"), "101 Connection refused"],
    ["an unknown host", { mx: ["nope.invalid"], ...to("b@x") }, "101 nope.invalid"],
  ])("trap 13: 200 with 101 for %s", async (_name, robinCase, response) => {
    const { session } = await send(await startSimulator(), robinCase);
    expect(session.sessionTransactionList).toEqual({
      envelopes: [],
      transactions: [{ command: "SMTP", response, error: true }],
    });
    expect(session.smtpUtf8).toBe(false);
  });

  it("trap 13: the 101 may be the second SMTP record: a missing file, a broken connection", async () => {
    const robin = await startSimulator();
    const missing = await send(robin, { envelopes: [{ mail: "a@x", rcpt: ["b@x"], file: "/none.eml" }] });
    expect([missing.talk, missing.talks]).toEqual([
      ["SMTP 220", "EHLO 250", "SMTP 101 error"],
      [["MAIL 250", "RCPT 250"]],
    ]);
    expect(missing.session.envelopes[0]).toMatchObject({ messageSource: { path: "/none.eml" } });
    const dropped = await send(robin, { envelopes: [{ ...envelope, rcpt: ["dropped@x"] }, envelope] });
    expect(dropped.talk).toEqual(["SMTP 220", "EHLO 250", "SMTP 101 error"]);
  });

  it("trap 13: nothing is tried without a host, and without AUTH at the peer it ends after EHLO unmarked", async () => {
    const robin = await startSimulator();
    expect(await send(robin, { mx: [], ...to("b@x") })).toMatchObject({ talk: [], talks: [] });
    const { talk, talks } = await send(robin, { auth: true, user: "u", pass: "p", ...to("b@x") });
    expect([talk, talks]).toEqual([["SMTP 220", "EHLO 250"], []]);
  });

  it("trap 18: AUTH carries the password in base64", async () => {
    const robin = await startSimulator({ smtp: { offersAuth: true } });
    const right = await send(robin, { auth: true, user: "u", pass: "p", ...to("b@x") });
    expect(right.talk).toEqual(["SMTP 220", "EHLO 250", "AUTH 235", "QUIT 221"]);
    expect(right.session.sessionTransactionList.transactions[2]?.payload).toBe("AUTH PLAIN AHUAcA==");
    expect(right.session.ehloAuth).toEqual(["auth", "plain", "login"]);
    const wrong = await send(robin, { auth: true, user: "u", pass: "wrong", ...to("b@x") });
    expect(wrong.talk).toEqual(["SMTP 220", "EHLO 250", "AUTH 535 error"]);
  });

  it("trap 15: envelopes without content are dropped; with none left it only says hello", async () => {
    const robin = await startSimulator();
    const { talks, session } = await send(robin, { envelopes: [{ ...envelope, subject: " " }, envelope] });
    expect([talks.length, session.envelopes.length]).toEqual([1, 1]);
    expect(await send(robin, { foo: 1 })).toMatchObject({ talk: ["SMTP 220", "EHLO 250", "QUIT 221"], talks: [] });
  });

  it("trap 17: 500 for a mime envelope that was sent, 200 for one that was not", async () => {
    const robin = await startSimulator();
    const mime = { headers: [["Subject", "M"]], parts: [] };
    const robinCase = { envelopes: [{ mail: "a@x", rcpt: ["b@x"], mime }] };
    const sent = await post(robin, JSON.stringify(robinCase));
    expect(sent.status).toBe(500);
    expect(sent.body).toMatch(/^Internal Server Error: Failed making field 'java\.io\.ByteArrayInputStream#buf'/);
    expect((await send(robin, { port: 2599, ...robinCase })).talk).toEqual(["SMTP 101 error"]);
  });

  it("trap 5: a silent peer holds the port for everybody", async () => {
    const robin = await startSimulator({ smtp: { silentPeerMs: 60 } });
    const startedAt = performance.now();
    const sending = send(robin, to("silent@x"));
    await expect.poll(() => robin.requests.length).toBe(1);
    await sendRaw(robin.clientUrl, { target: "/health" });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(58);
    expect((await sending).session.sessionTransactionList.transactions).toEqual([
      { command: "SMTP", response: "101 Read timed out", error: true },
    ]);
  });

  it.each([
    ["", 400, "Empty request body"],
    ["  ", 400, "Empty request body"],
    ["null", 400, "Invalid JSON body"],
    ["{}", 400, "Invalid JSON body"],
    ["[]", 400, "Invalid JSON body"],
    ['{"a":', 500, "Internal Server Error: java.io.EOFException: End of input at line 2 column 1 path $."],
  ])("trap 7: %j gets %d", async (body, status, expected) => {
    expect(await post(await startSimulator(), body)).toEqual({ status, body: expected });
  });
});

describe("POST /client/send with a raw message", () => {
  const message = "Subject: Hi\r\n\r\nBody\r\n";
  const target = "/client/send?mail=a@example.com&rcpt=b@example.com,%20c@example.com&filename=r.eml";

  it("200 for message/rfc822 and multipart, with the place of the upload and its size", async () => {
    const robin = await startSimulator();
    const raw = await post(robin, message, target, "message/rfc822");
    const form = `--XyZ\r\nContent-Disposition: form-data; name="file"\r\n\r\n${message}\r\n--XyZ--\r\n`;
    const multipart = await post(robin, form, `${target}&route=self`, 'multipart/form-data; boundary="XyZ"');
    for (const { status, body } of [raw, multipart]) {
      expect(status).toBe(200);
      const session = JSON.parse(body) as Session;
      expect(session.envelopes[0]).toMatchObject({ rcpts: ["b@example.com", "c@example.com"] });
      expect(session.envelopes[0]?.file).toMatch(/^\/usr\/local\/robin\/store\/example\.com\/a\/\.Sent\/new\/.*\.eml$/);
      expect(session.sessionTransactionList.envelopes[0]?.transactions[0]?.payload).toBe(
        `MAIL FROM:<a@example.com> SIZE=${message.length + 5}`,
      );
    }
  });

  it("400 without a sender, a recipient or a message", async () => {
    const robin = await startSimulator();
    const parameters = { status: 400, body: "Missing required query parameters: mail and rcpt" };
    expect(await post(robin, message, "/client/send?rcpt=b", "message/rfc822")).toEqual(parameters);
    expect(await post(robin, message, "/client/send?mail=b&rcpt=,", "message/rfc822")).toEqual(parameters);
    expect(await post(robin, "", target, "application/octet-stream")).toEqual({
      status: 400,
      body: "Empty upload body",
    });
  });
});
