import { describe, expect, it } from "vitest";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw, withoutDate } from "../testing/raw-http.ts";
import { startSimulator } from "../testing/simulators.ts";

interface Answered {
  queueSize: number;
  session: Record<string, unknown> & { uid: string; envelopes: Record<string, unknown>[] };
  uploadedFile?: string;
}

async function post(robin: RobinSimulator, body: string, query = "", contentType = "application/json") {
  const answer = await sendRaw(robin.clientUrl, {
    method: "POST",
    target: `/client/queue${query}`,
    body,
    headers: { "Content-Type": contentType },
  });
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

const accept = async (...args: Parameters<typeof post>): Promise<Answered> => {
  const answer = await post(...args);
  expect([answer.status, answer.body.slice(0, 1)]).toEqual([202, "{"]);
  return JSON.parse(answer.body) as Answered;
};

const oneEnvelope = (fields: object): string =>
  JSON.stringify({ envelopes: [{ subject: "Hi", message: "Body", ...fields }] });
const upload = (query: string, body = "Subject: Hi\r\n\r\nBody\r\n", contentType = "message/rfc822") =>
  [body, query, contentType] as const;

describe("a JSON case", () => {
  it("202 with the session printed as Robin prints it", async () => {
    const robin = await startSimulator();
    const answer = await post(
      robin,
      '{mx:["127.0.0.1"],port:2599,tls:false,ehlo:"client.test",envelopes:[{mail:"a@example.com",rcpt:["b@example.com"],subject:"Hi",message:"Body"}]}',
    );
    const item = robin.queue.items()[0];
    const file = `/usr/local/robin/store/queue/qeml-${item?.sessionUid ?? ""}-0.eml`;
    const msgId = /"msgId": "([0-9a-f-]{36}-1795435200000)"/.exec(answer.body)?.[1] ?? "";
    expect(withoutDate(answer)[0]).toEqual(["Content-type", "application/json; charset=utf-8"]);
    expect(answer.body).toBe(`{
  "queueSize": 1,
  "session": {
    "xclient": {},
    "direction": "INBOUND",
    "uid": "${item?.sessionUid ?? ""}",
    "date": "Mon, 23 Nov 2026 12:00:00 +0000",
    "retry": 0,
    "delay": 0,
    "mx": [
      "127.0.0.1"
    ],
    "port": 2599,
    "friendInRbl": false,
    "blackholed": false,
    "helo": "",
    "lhlo": "",
    "ehlo": "client.test",
    "ehloSize": -1,
    "ehloTls": false,
    "smtpUtf8": false,
    "ehlo8bit": false,
    "ehloBinary": false,
    "ehloBdat": false,
    "ehloAuth": [],
    "tls": false,
    "startTls": false,
    "authBeforeTls": false,
    "auth": false,
    "authLoginCombined": false,
    "authLoginRetry": false,
    "username": "",
    "behaviour": [],
    "envelopes": [
      {
        "mail": "a@example.com",
        "rcpts": [
          "b@example.com"
        ],
        "params": {},
        "headers": {},
        "prependHeaders": false,
        "blackholed": false,
        "botAddresses": {},
        "file": "${file}",
        "messageSource": {
          "path": "${file}"
        },
        "subject": "Hi",
        "message": "Body",
        "date": "Mon, 23 Nov 2026 12:00:00 +0000",
        "msgId": "${msgId}",
        "chunkSize": 0,
        "chunkBdat": false,
        "chunkWrite": false,
        "terminateAfterBytes": 0,
        "terminateBeforeDot": false,
        "terminateAfterDot": false,
        "slowBytes": 0,
        "slowWait": 0,
        "repeat": 0,
        "scanResults": []
      }
    ],
    "sessionTransactionList": {
      "envelopes": [],
      "transactions": []
    }
  },
  "status": "QUEUED"
}`);
    expect(item).toMatchObject({
      state: "READY",
      protocol: "ESMTP",
      mailbox: "INBOX",
      envelopes: [{ mail: "a@example.com", rcpts: ["b@example.com"], file }],
    });
  });

  it("202 takes protocol and mailbox as they are, and falls back to the client's sender and recipient", async () => {
    const robin = await startSimulator();
    const { session } = await accept(robin, oneEnvelope({}), "/remove?protocol=&mailbox=Junk");
    expect(robin.queue.items()[0]).toMatchObject({ protocol: "", mailbox: "Junk", sessionUid: session.uid });
    expect(session.envelopes[0]).toMatchObject({ mail: "from@example.com", rcpts: ["to@example.com"] });
  });

  it("202 drops envelopes without content and takes unknown keys for a case", async () => {
    const robin = await startSimulator();
    expect(
      (await accept(robin, JSON.stringify({ envelopes: [{ message: "Body" }, null, { file: " " }] }))).session
        .envelopes,
    ).toEqual([]);
    expect((await accept(robin, '{"foo":1}')).queueSize).toBe(2);
  });

  it("202 repeats an envelope and numbers the files", async () => {
    const { session } = await accept(await startSimulator(), oneEnvelope({ repeat: "2" }));
    expect(session.envelopes.map(({ file }) => String(file).slice(-6))).toEqual(["-0.eml", "-1.eml", "-2.eml"]);
    expect(session.envelopes[2]?.repeat).toBe(2);
  });

  it("202 replaces the case's own magic and blanks what begins with any other", async () => {
    const body = {
      $: { foo: "F", number: 5 },
      xclient: { ADDR: "{$foo}" },
      envelopes: [
        {
          mail: "{$mail}",
          rcpt: ["{$rcpt}", "{$bar}", "a{$foo}{$bar}"],
          subject: "{$foo}",
          message: "x {$foo}",
          headers: { A: "{$x}b", B: ["{$foo}", "y"], C: 5 },
          params: { MAIL: ["A=1", "B=2"] },
        },
      ],
    };
    const { session } = await accept(await startSimulator(), JSON.stringify(body));
    expect(session.xclient).toEqual({ ADDR: "F" });
    expect(session.envelopes[0]).toMatchObject({
      mail: "from@example.com",
      rcpts: ["to@example.com", "", "aF{$bar}"],
      subject: "",
      message: "x F",
      headers: { A: "", B: "; y" },
      params: { mail: ["B=2"] },
    });
  });

  it("202 keeps the connection settings that Robin keeps", async () => {
    const body = {
      helo: " ",
      lhlo: "L",
      ehlo: "E",
      retry: 3.9,
      delay: "4",
      tls: null,
      authBeforeTls: true,
      protocols: ["TLSv1.2"],
      ciphers: [],
      behaviour: ["EHLO"],
      auth: true,
      authLoginCombined: true,
      pass: "secret",
      route: "self",
      mx: ["elsewhere"],
      envelopes: [],
    };
    const { session } = await accept(await startSimulator(), JSON.stringify(body));
    expect(session).toMatchObject({
      helo: "",
      lhlo: "L",
      ehlo: "",
      retry: 3,
      delay: 4,
      tls: false,
      protocols: ["TLSv1.2"],
      auth: true,
      authLoginCombined: true,
      mx: ["127.0.0.1"],
      port: 2525,
    });
    expect(session).not.toHaveProperty("username");
    expect(session).not.toHaveProperty("ciphers");
  });

  it("202 gives a MIME envelope back with its numbers as doubles, and text escaped for HTML", async () => {
    const robin = await startSimulator();
    const answer = await post(robin, oneEnvelope({ mime: { size: 10, parts: [null] }, subject: "<a=b>" }));
    expect(answer.body).toContain(
      '"map": {\n            "size": 10.0,\n            "parts": [\n              null\n            ]\n          }',
    );
    expect((await post(robin, oneEnvelope({ subject: "<a=b>&'" }))).body).toContain(
      '"subject": "\\u003ca\\u003db\\u003e\\u0026\\u0027"',
    );
    expect(robin.queue.items().some(({ envelopes }) => envelopes[0]?.mime === true)).toBe(true);
  });

  it("202 for a file or folder that is not there: it is queued nevertheless", async () => {
    const robin = await startSimulator();
    expect((await accept(robin, oneEnvelope({ file: "/tmp/none.eml" }))).session.envelopes[0]).toMatchObject({
      file: "/tmp/none.eml",
    });
    expect((await accept(robin, oneEnvelope({ folder: "/x/y" }))).session.envelopes[0]).toMatchObject({
      folder: "/x/y",
    });
  });

  it("202 for numbers among the hosts, which breaks the list page", async () => {
    const robin = await startSimulator();
    expect((await post(robin, '{"mx":[5],"envelopes":[]}')).body).toContain('"mx": [\n      5.0\n    ]');
    const list = await sendRaw(robin.clientUrl, { target: "/client/queue/list" });
    expect(list?.body).toMatch(
      /^Internal Server Error: class java.lang.Double cannot be cast to class java.lang.String/,
    );
  });

  const cast = (from: string, to: string) =>
    `Internal Server Error: class ${from} cannot be cast to class ${to} (${from} and ${to} are in module java.base of loader 'bootstrap')`;
  const nullText = 'Internal Server Error: Cannot invoke "java.lang.CharSequence.length()" because "this.text" is null';
  it.each([
    [" \n", 400, "Empty request body"],
    ["null", 400, "Invalid JSON body"],
    ["{}", 400, "Invalid JSON body"],
    ["[]", 400, "Invalid JSON body"],
    ['{"mx":"h"}', 500, cast("java.lang.String", "java.util.List")],
    ['{"mx":null}', 500, 'Internal Server Error: Cannot invoke "java.util.List.size()" because "list" is null'],
    [
      '{"behaviour":null}',
      500,
      'Internal Server Error: Cannot invoke "java.util.Collection.toArray()" because "c" is null',
    ],
    ['{"port":"x"}', 500, 'Internal Server Error: For input string: "x"'],
    ['{"port":true}', 500, cast("java.lang.Boolean", "java.lang.String")],
    ['{"port":1e12}', 500, "Internal Server Error: integer overflow"],
    ['{"tls":"x"}', 500, cast("java.lang.String", "java.lang.Boolean")],
    ['{"route":null}', 500, nullText],
    ['{"envelopes":["x"]}', 500, cast("java.lang.String", "java.util.Map")],
    [oneEnvelope({ mail: null }), 500, nullText],
    [oneEnvelope({ rcpt: [null] }), 500, nullText],
    [oneEnvelope({ rcpt: "a@b" }), 500, cast("java.lang.String", "java.util.List")],
    [
      oneEnvelope({ rcpt: null }),
      500,
      'Internal Server Error: Cannot invoke "java.util.List.iterator()" because the return value of "java.util.Map.get(Object)" is null',
    ],
    [oneEnvelope({ repeat: 1e9 }), 500, "Internal Server Error: Java heap space"],
  ])("%s gets %d", async (body, status, text) => {
    expect(await post(await startSimulator(), body)).toMatchObject({ status, body: text });
  });
});

describe("a raw mail", () => {
  it("202 stores the upload under the sender and links it into the queue", async () => {
    const robin = await startSimulator();
    const { session, uploadedFile } = await accept(
      robin,
      ...upload("?mail=A.User@Example.com&rcpt=b@x.com,%20,c@x.com&filename=in/quote.pdf&route=self"),
    );
    expect(uploadedFile).toBe("/usr/local/robin/store/Example.com/A.User/.Sent/new/quote.pdf.eml");
    expect(session.envelopes[0]).toMatchObject({
      mail: "A.User@Example.com",
      rcpts: ["b@x.com", "c@x.com"],
      file: "/usr/local/robin/store/queue/qeml-quote.pdf.eml",
    });
  });

  it.each([
    ["filename=C:%5Cin%5Cmail.EML", "/usr/local/robin/store/queue/mail.EML"],
    ["", "/usr/local/robin/store/queue/eml-1795435200000.eml"],
    ["filename=%20", "/usr/local/robin/store/queue/eml-1795435200000.eml"],
    ["filename=x..y", expect.stringMatching(/queue\/eml-[0-9a-f-]{36}\.eml$/)],
    ["filename=/", "/.eml"],
  ])("202 names the file of a sender without domain by %j", async (query, path) => {
    const { uploadedFile } = await accept(await startSimulator(), ...upload(`?mail=nobody&rcpt=b@x.com&${query}`));
    expect(uploadedFile).toEqual(path);
  });

  it("202 never overwrites: a taken name is replaced, a taken queue name gets the session's UID", async () => {
    const robin = await startSimulator();
    await accept(robin, ...upload("?mail=a@x.com&rcpt=b@x.com&filename=same"));
    const again = await accept(robin, ...upload("?mail=a@x.com&rcpt=b@x.com&filename=same"));
    const other = await accept(robin, ...upload("?mail=c@x.com&rcpt=b@x.com&filename=same"));
    expect(again.uploadedFile).toMatch(/\/eml-[0-9a-f-]{36}\.eml$/);
    expect(other.session.envelopes[0]?.file).toBe(`/usr/local/robin/store/queue/qeml-same.${other.session.uid}.0.eml`);
  });

  it.each([
    ["?rcpt=b@x.com", "x", 400, "Missing required query parameters: mail and rcpt"],
    ["?mail=a@x.com&rcpt=,%20,", "x", 400, "Missing required query parameters: mail and rcpt"],
    ["?mail=a@x.com&rcpt=b@x.com", "", 400, "Empty upload body"],
    [
      "?mail=a@x.com&rcpt=b@x.com&filename=dir/",
      "x",
      500,
      "Internal Server Error: /usr/local/robin/store/x.com/a/.Sent/new/dir/.eml",
    ],
  ])("%s with the body %j gets %d", async (query, body, status, text) => {
    expect(await post(await startSimulator(), ...upload(query, body, "Application/Octet-Stream"))).toMatchObject({
      status,
      body: text,
    });
  });

  const part = (head: string, content: string) =>
    `--B\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
  it.each([
    ["the file part", "; boundary=B", `${part('name="a"', "v")}${part('name="x"; filename=""', "mail")}--B--\r\n`, 202],
    ["the part named file", '; boundary="B"', `${part('name="file"', "mail")}--B--`, 202],
    ["the whole body without a boundary", "", "mail", 202],
    ["the whole body without a file part", "; boundary=B", `${part('name="a"', "")}--B--`, 202],
    ["nothing from an empty file part", "; boundary=B", `${part('name="file"', "")}--B--`, 400],
    ["nothing when the dashes of a last line are lost", "; boundary=B", `${part('name="file"', "--")}--B--`, 400],
  ])("multipart: takes %s", async (_what, parameter, body, status) => {
    const query = "?mail=a@x.com&rcpt=b@x.com";
    expect((await post(await startSimulator(), ...upload(query, body, `multipart/form-data${parameter}`))).status).toBe(
      status,
    );
  });
});
