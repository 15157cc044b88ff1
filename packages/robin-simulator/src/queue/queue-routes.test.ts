import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw, withoutDate } from "../testing/raw-http.ts";
import { noon, startSimulator } from "../testing/simulators.ts";

const noonSeconds = noon.getTime() / 1000;

async function getPage(robin: RobinSimulator, query = "", method = "GET") {
  const answer = await sendRaw(robin.clientUrl, { method, target: `/client/queue/list${query}` });
  const body = answer?.body ?? "";
  return {
    answer,
    body,
    numbers: [...(/<p class="meta">([^]*?)<\/p>/.exec(body)?.[1] ?? "").matchAll(/<strong>(-?\d+)<\/strong>/g)].map(
      (match) => Number(match[1]),
    ),
    uids: [...body.matchAll(/<input type='checkbox' class='row-checkbox' data-uid='([^']*)'\/>/g)].map(
      (match) => match[1],
    ),
  };
}

describe("GET /client/queue/list", () => {
  it("200 with Robin's numbers for an empty queue, at Robin's weight", async () => {
    const robin = await startSimulator();
    const { answer, body, numbers } = await getPage(robin);
    expect(withoutDate(answer)).toEqual([
      ["Content-type", "text/html; charset=utf-8"],
      ["Content-length", String(Buffer.byteLength(body))],
    ]);
    expect(numbers).toEqual([0, 1, 0, 1, 0]);
    expect(body).toContain("<h1>Relay Queue</h1>");
    expect(body).toContain("    <tbody>\n      \n    </tbody>");
    expect(Buffer.byteLength(body)).toBeGreaterThan(8192);
  });

  it("200 with a row exactly as Robin writes it, whatever the method", async () => {
    const clock = createManualClock(noon);
    const robin = await startSimulator({ clock });
    robin.queue.add({
      uid: "0c1e5891",
      sessionUid: "192f0754",
      retryCount: 2,
      lastRetryAtSeconds: Date.parse("2026-11-03T04:05:06Z") / 1000,
      envelopes: [{ mail: "a@example.com", rcpts: ["b@example.com"], file: "/store/queue/qeml-1.eml" }],
    });
    const { body } = await getPage(robin, "/7", "DELETE");
    expect(body.slice(body.indexOf("<tbody>"), body.indexOf("</tbody>"))).toBe(`<tbody>
      <tr>
  <td class='checkbox-col'><input type='checkbox' class='row-checkbox' data-uid='0c1e5891'/></td>
  <td class='nowrap'>1</td>
  <td class='mono'>192f0754</td>
  <td>Mon, 23 Nov 2026 12:00:00 +0000</td>
  <td>ESMTP</td>
  <td>2</td>
  <td class='nowrap'>Tue, 3 Nov 2026 04:05:06 +0000</td>
  <td>1</td>
  <td>b@example.com</td>
  <td><span title='/store/queue/qeml-1.eml'>qeml-1.eml</span></td>
  <td class='actions nowrap'>
    <button class='btn-delete' data-uid='0c1e5891'>Delete</button>
    <button class='btn-retry' data-uid='0c1e5891'>Retry</button>
    <button class='btn-bounce' data-uid='0c1e5891'>Bounce</button>
  </td>
</tr>
    `);
    clock.advance(1000);
    expect((await getPage(robin)).body).toContain("<td>Mon, 23 Nov 2026 12:00:01 +0000</td>");
  });

  it("200 with recipients and files cut at five, duplicates counted as hidden, no recipient for no envelope", async () => {
    const robin = await startSimulator();
    const rcpts = ["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"].map((name) => `${name}@example.com`);
    const files = [1, 2, 3, 4, 5, 6].map((n) => ({ mail: "a", rcpts: [] as string[], file: `f${n}.eml` }));
    robin.queue.add({
      uid: "a",
      createdAtSeconds: 1,
      envelopes: [
        { mail: "a", rcpts, file: undefined },
        { mail: "a", rcpts: ["r1@example.com"], file: " " },
      ],
    });
    robin.queue.add({
      uid: "b",
      createdAtSeconds: 2,
      envelopes: [
        { mail: "a", rcpts: ["x@example.com"], file: "f" },
        { mail: "a", rcpts: ["x@example.com"], file: "g" },
      ],
    });
    robin.queue.add({ uid: "c", createdAtSeconds: 3, envelopes: files });
    robin.queue.add({ uid: "d", createdAtSeconds: 4, envelopes: [] });
    const { body } = await getPage(robin);
    expect(body).toContain(
      "<td>r1@example.com, r2@example.com, r3@example.com, r4@example.com, r5@example.com … (+4)</td>\n  <td></td>",
    );
    expect(body).toContain("<td>x@example.com … (+1)</td>");
    expect(body).toContain("<span title='f5.eml'>f5.eml</span></td>");
    expect(body).toContain("<td>0</td>\n  <td></td>\n  <td></td>");
  });

  it("200 with markup escaped and later placeholders filled in", async () => {
    const robin = await startSimulator();
    robin.queue.add({
      protocol: "<b>&\"'{{FILES}}",
      envelopes: [{ mail: "a", rcpts: ["{{ENVELOPES}}$&@example.com"], file: "/q/n.eml" }],
    });
    const { body } = await getPage(robin);
    expect(body).toContain("<td>&lt;b&gt;&amp;&quot;&#39;<span title='/q/n.eml'>n.eml</span></td>");
    expect(body).toContain("<td>{{ENVELOPES}}$&amp;@example.com</td>");
  });

  it.each([
    ["", [17, 1, 17, 1, 1], 17],
    ["?limit=5&page=2", [17, 6, 10, 2, 4], 5],
    ["?limit=5&page=4", [17, 16, 17, 4, 4], 2],
    ["?limit=5&page=9", [17, 41, 17, 9, 4], 0],
    ["?page=x&limit=5", [17, 1, 17, 1, 1], 17],
    ["?page=%2B2&limit=x", [17, 51, 17, 2, 1], 0],
    ["?page=-3&limit=0", [17, 1, 1, 1, 17], 1],
    ["?limit=1001", [17, 1, 17, 1, 1], 17],
    ["?page=1&page=2&limit=5", [17, 6, 10, 2, 4], 5],
    ["?page=2147483647", [17, -99, -50, 2147483647, 1], 17],
  ])("200 for %j shows %j", async (query, numbers, rows) => {
    const robin = await startSimulator();
    for (let count = 0; count < 17; count++) robin.queue.add();
    const page = await getPage(robin, query);
    expect([page.numbers, page.uids.length]).toEqual([numbers, rows]);
  });

  it("200 with page links that lose the filters, twice", async () => {
    const robin = await startSimulator();
    for (let count = 0; count < 26; count++) robin.queue.add();
    const links = ({ body }: { body: string }) =>
      [...body.matchAll(/<div class='pagination'>(.*)<\/div>/g)].map((match) => match[1]);
    const middle = links(await getPage(robin, "?state=READY&limit=2&page=7"));
    expect(middle).toHaveLength(2);
    expect(middle[0]).toBe(
      "<a href='?page=6&limit=2'>&laquo; Previous</a> <a href='?page=1&limit=2'>1</a> <span>...</span> " +
        "<a href='?page=3&limit=2'>3</a> <a href='?page=4&limit=2'>4</a> <a href='?page=5&limit=2'>5</a> <a href='?page=6&limit=2'>6</a> " +
        "<span class='current'>7</span> <a href='?page=8&limit=2'>8</a> <a href='?page=9&limit=2'>9</a> <a href='?page=10&limit=2'>10</a> " +
        "<a href='?page=11&limit=2'>11</a> <span>...</span> <a href='?page=13&limit=2'>13</a> <a href='?page=8&limit=2'>Next &raquo;</a>",
    );
    expect(links(await getPage(robin, "?limit=13&page=2"))[0]).toBe(
      "<a href='?page=1&limit=13'>&laquo; Previous</a> <a href='?page=1&limit=13'>1</a> <span class='current'>2</span> <span class='disabled'>Next &raquo;</span>",
    );
    expect(links(await getPage(robin, "?limit=13"))[0]).toContain(
      "<span class='disabled'>&laquo; Previous</span> <span class='current'>1</span>",
    );
  });

  it.each([
    ["", ["claimed", "ready"]],
    ["?state=READY,CLAIMED,DEAD", ["claimed", "dead", "ready"]],
    ["?state=%20dead%20,bogus", ["dead"]],
    ["?state=bogus", ["claimed", "ready"]],
    ["?state=", ["claimed", "ready"]],
    ["?protocol=lmtp", ["ready"]],
    ["?protocol=", []],
    ["?retryMin=2", ["claimed"]],
    ["?retryMax=%2B1", ["ready"]],
    ["?state=DEAD&retryMin=5&retryMax=5&protocol=esmtp", ["dead"]],
  ])("200 for %j lists %j", async (query, uids) => {
    const robin = await startSimulator();
    robin.queue.add({ uid: "ready", protocol: "LMTP", retryCount: 1 });
    robin.queue.add({ uid: "claimed", state: "CLAIMED", retryCount: 2 });
    robin.queue.add({ uid: "dead", state: "DEAD", retryCount: 5 });
    expect((await getPage(robin, query)).uids).toEqual(uids);
  });

  it.each([
    ["?retryMin=x", 'Internal Server Error: For input string: "x"'],
    ["?retryMax=", 'Internal Server Error: For input string: ""'],
    ["?retryMin=1.0", 'Internal Server Error: For input string: "1.0"'],
    ["?retryMin=2147483648", 'Internal Server Error: For input string: "2147483648"'],
  ])("500 for %s", async (query, text) => {
    const robin = await startSimulator();
    const { answer } = await getPage(robin, query);
    expect(answer).toMatchObject({ status: 500, body: text });
  });

  it("500 for a page with an item that cannot be read back, 200 for the others", async () => {
    const robin = await startSimulator();
    robin.queue.add({ uid: "bad", createdAtSeconds: 1, listError: "Failed to serialize queue payload" });
    robin.queue.add({ uid: "good", createdAtSeconds: 2 });
    const { answer } = await getPage(robin);
    expect(answer).toMatchObject({ status: 500, body: "Internal Server Error: Failed to serialize queue payload" });
    expect((await getPage(robin, "?limit=1&page=2")).uids).toEqual(["good"]);
  });
});

async function post(robin: RobinSimulator, operation: string, body?: string) {
  const answer = await sendRaw(robin.clientUrl, {
    method: "POST",
    target: `/client/queue/${operation}`,
    ...(body !== undefined && { body }),
  });
  return [answer?.status, answer?.body];
}

describe.each([
  ["delete", "deletedCount"],
  ["retry", "retriedCount"],
  ["bounce", "bouncedCount"],
])("POST /client/queue/%s", (operation, counter) => {
  const ok = (queueSize: number, count: number) => [
    200,
    `{"queueSize":${queueSize},"${counter}":${count},"status":"OK"}`,
  ];
  const castError = (from: string, to: string) =>
    `Internal Server Error: class ${from} cannot be cast to class ${to} (${from} and ${to} are in module java.base of loader 'bootstrap')`;

  it.each([
    ['{"uid":"nope"}', 0],
    ['{"uid":null}', 0],
    ['{"uids":[]}', 0],
    ['{"uids":[null]}', 0],
    ['{uids:["nope",]}', 0],
    ['{"uid":"nope","uids":["a"]}', 0],
  ])("200 counts nothing for %s", async (body, count) => {
    const robin = await startSimulator();
    robin.queue.add({ uid: "a" });
    expect(await post(robin, operation, body)).toEqual(ok(1, count));
  });

  it.each([
    [undefined, 400, "Empty request body"],
    [" \r\n", 400, "Empty request body"],
    ["null", 400, "Invalid JSON body"],
    ["{}", 400, "Missing 'uid' or 'uids' parameter"],
    ["[]", 400, "Missing 'uid' or 'uids' parameter"],
    ['{"uid":', 500, "Internal Server Error: java.io.EOFException: End of input at line 2 column 1 path $."],
    ['{"uid":5}', 500, castError("java.lang.Double", "java.lang.String")],
    ['{"uid":true}', 500, castError("java.lang.Boolean", "java.lang.String")],
    ['{"uid":[]}', 500, castError("java.util.ArrayList", "java.lang.String")],
    ['{"uids":"a"}', 500, castError("java.lang.String", "java.util.List")],
    ['{"uids":[1,2]}', 500, castError("java.lang.Double", "java.lang.String")],
    [
      '{"uids":{}}',
      500,
      "Internal Server Error: class com.google.gson.internal.LinkedTreeMap cannot be cast to class java.util.List (com.google.gson.internal.LinkedTreeMap is in unnamed module of loader 'app'; java.util.List is in module java.base of loader 'bootstrap')",
    ],
  ])("%j gets %d", async (body, status, text) => {
    expect(await post(await startSimulator(), operation, body)).toEqual([status, text]);
  });

  it("405 for another method, with any path behind it", async () => {
    const { clientUrl } = await startSimulator();
    const answer = await sendRaw(clientUrl, { target: `/client/queue/${operation}X` });
    expect(answer).toMatchObject({ status: 405, body: "Method Not Allowed" });
  });
});

describe("effects of the queue operations", () => {
  it("delete takes duplicates once and null for nothing", async () => {
    const robin = await startSimulator();
    for (const uid of ["a", "b", "c"]) robin.queue.add({ uid });
    expect(await post(robin, "delete", '{"uids":["a","a","nope","b"]}')).toEqual([
      200,
      '{"queueSize":1,"deletedCount":2,"status":"OK"}',
    ]);
    expect(await post(robin, "delete", '{"uids":null}')).toEqual([
      200,
      '{"queueSize":1,"deletedCount":0,"status":"OK"}',
    ]);
    expect(await post(robin, "deleteX", '{"uid":"c"}')).toEqual([
      200,
      '{"queueSize":0,"deletedCount":1,"status":"OK"}',
    ]);
  });

  it("retry takes duplicates twice, revives dead items and fails on null", async () => {
    const robin = await startSimulator();
    robin.queue.add({ uid: "a", state: "DEAD", lastError: "550" });
    expect(await post(robin, "retry", '{"uids":["a","a"]}')).toEqual([
      200,
      '{"queueSize":1,"retriedCount":2,"status":"OK"}',
    ]);
    expect(robin.queue.get("a")).toMatchObject({ state: "READY", retryCount: 2, lastRetryAtSeconds: noonSeconds });
    expect(await post(robin, "retry", '{"uids":null}')).toEqual([
      500,
      'Internal Server Error: Cannot invoke "java.util.Collection.toArray()" because "c" is null',
    ]);
  });

  it("bounce parks items as dead and counts duplicates and dead ones again", async () => {
    const robin = await startSimulator();
    for (const uid of ["a", "b"]) robin.queue.add({ uid });
    expect(await post(robin, "bounce", '{"uids":["a","a","b"]}')).toEqual([
      200,
      '{"queueSize":0,"bouncedCount":3,"status":"OK"}',
    ]);
    expect(robin.queue.get("a")).toMatchObject({ state: "DEAD", lastError: "Bounced by admin endpoint" });
  });

  it("entries before a bad one have taken effect", async () => {
    const robin = await startSimulator();
    for (const uid of ["a", "b"]) robin.queue.add({ uid });
    expect((await post(robin, "delete", '{"uids":["a",1,"b"]}'))[0]).toBe(500);
    expect(robin.queue.items().map(({ uid }) => uid)).toEqual(["b"]);
  });
});
