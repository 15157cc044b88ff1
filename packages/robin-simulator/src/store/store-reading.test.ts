import { describe, expect, it } from "vitest";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw, withoutDate } from "../testing/raw-http.ts";
import type { RawAnswer } from "../testing/raw-http.ts";
import { startSimulator } from "../testing/simulators.ts";

const asJson = { Accept: "application/json" };

async function startStore(files: Readonly<Record<string, string | Uint8Array>>): Promise<RobinSimulator> {
  const robin = await startSimulator();
  for (const [path, content] of Object.entries(files)) robin.store.put(path, content);
  return robin;
}
const get = (robin: RobinSimulator, target: string, headers: Record<string, string> = {}) =>
  sendRaw(robin.clientUrl, { target, headers });
const jsonOf = (answer: RawAnswer | undefined): unknown => JSON.parse(answer?.body ?? "");

describe("GET /store directories", () => {
  it("200 JSON exactly as Robin prints it, sorted without regard to case, other files hidden", async () => {
    const robin = await startStore({
      "acme.test/tony/b&a <x>.EML": "12345",
      "acme.test/tony/Zed/1.eml": "",
      "acme.test/tony/alpha.eml": "x",
      "acme.test/tony/note.txt": "x",
    });
    const answer = await get(robin, "/store/acme.test/tony/", asJson);
    expect(answer?.headers).toContainEqual(["Content-type", "application/json; charset=utf-8"]);
    expect(answer?.body).toBe(`{
  "path": "/acme.test/tony",
  "items": [
    {
      "path": "/store/acme.test",
      "name": "..",
      "type": "dir"
    },
    {
      "path": "/store/acme.test/tony/alpha.eml",
      "size": 1,
      "name": "alpha.eml",
      "type": "file"
    },
    {
      "path": "/store/acme.test/tony/b\\u0026a \\u003cx\\u003e.EML",
      "size": 5,
      "name": "b\\u0026a \\u003cx\\u003e.EML",
      "type": "file"
    },
    {
      "path": "/store/acme.test/tony/Zed/",
      "name": "Zed",
      "type": "dir"
    }
  ]
}`);
  });

  it("200 HTML sorted with regard to case, links unescaped and names escaped", async () => {
    const robin = await startStore({ "a.test/u/b&a.eml": "12345", "a.test/u/Zed/1.eml": "" });
    const answer = await get(robin, "/store/a.test/u");
    expect(answer?.headers).toContainEqual(["Content-type", "text/html; charset=utf-8"]);
    expect(answer?.body).toContain(
      `<h2>Store: <code>/a.test/u</code></h2>\n</div>\n\n<ul>\n  ` +
        `<li><span class='dir-icon'>📁</span><a href="/store/a.test">.. (parent)</a></li>` +
        `<li><span class='dir-icon'>📁</span><a href="/store/a.test/u/Zed/">Zed</a></li>` +
        `<li><span class='file-icon'>📧</span><a href="/store/a.test/u/b&a.eml">b&amp;a.eml</a> <span class='description'>&nbsp;(5 bytes)</span></li>\n</ul>`,
    );
  });

  it("200 for the root without a way up, with Robin's own folders beside the domains (trap 38)", async () => {
    const robin = await startStore({ "a.test/u/1.eml": "" });
    for (const target of ["/store", "/store/"]) {
      expect(jsonOf(await get(robin, target, asJson))).toMatchObject({
        path: "/",
        items: [{ name: "a.test" }, { name: "queue" }, { name: "tmp" }],
      });
    }
  });

  it("200 for a path that only begins with /store (trap 1)", async () => {
    const robin = await startStore({ "a.test/u/1.eml": "" });
    expect(jsonOf(await get(robin, "/storea.test", asJson))).toMatchObject({ path: "/a.test" });
  });

  it("takes literal names only, while mutations take normalised ones (trap 34)", async () => {
    const robin = await startStore({ "a.test/u/.Projects/new/1.eml": "", "a.test/u/new/1.eml": "" });
    expect((await get(robin, "/store/a.test/u/.Projects/new", asJson))?.status).toBe(200);
    for (const name of ["Projects", "inbox", ".projects"])
      expect((await get(robin, `/store/a.test/u/${name}`, asJson))?.status).toBe(404);
    expect((await get(robin, "/store/a.test/u/folders/Projects/properties"))?.status).toBe(200);
  });

  it.each([
    ["a+b", "a%252Bb", "a%2Bb"],
    ["100%", "100%2525", undefined],
    ["a b", "a+b", undefined],
    ["Grüße", "Gr%C3%BC%C3%9Fe", undefined],
    ["東京 🚂", "%25E6%259D%25B1%25E4%25BA%25AC%2520%25F0%259F%259A%2582", undefined],
    ["x".repeat(255), "x".repeat(255), undefined],
  ])("decodes twice to find %j (trap 3)", async (name, target, missed) => {
    const robin = await startStore({ [`${name}/u/1.eml`]: "x" });
    expect(jsonOf(await get(robin, `/store/${target}`, asJson))).toMatchObject({ path: `/${name}` });
    if (missed !== undefined) expect((await get(robin, `/store/${missed}`, asJson))?.status).toBe(404);
  });
});

describe("GET /store mails", () => {
  it("200 as raw bytes with their length, whatever they are", async () => {
    const robin = await startStore({ "a.test/u/new/1.eml": Buffer.from([0xff, 0x00, 0x0a]) });
    const response = await fetch(`${robin.clientUrl}/store/a.test/u/new/1.eml/`);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "content-length": "3",
    });
    expect([...(await response.bytes())]).toEqual([0xff, 0x00, 0x0a]);
  });

  it("200 chunked for an empty mail", async () => {
    const robin = await startStore({ "a.test/u/new/1.eml": "" });
    expect(withoutDate(await get(robin, "/store/a.test/u/new/1.eml"))).toContainEqual(["Transfer-encoding", "chunked"]);
  });

  it("200 JSON with the content", async () => {
    const robin = await startStore({ "a.test/u/new/1.eml": "Subject: é\r\n\r\n€\r\n" });
    expect((await get(robin, "/store/a.test/u/new/1.eml", { Accept: "text/html, application/JSON;q=0.1" }))?.body).toBe(
      `{\n  "path": "/store/a.test/u/new/1.eml",\n  "size": 20,\n  "name": "1.eml",\n  "content": "Subject: é\\r\\n\\r\\n€\\r\\n"\n}`,
    );
  });

  it("closes the connection for JSON of a mail that is not UTF-8 (trap 33)", async () => {
    const robin = await startStore({ "a.test/u/new/1.eml": Buffer.from("é", "latin1") });
    expect(await get(robin, "/store/a.test/u/new/1.eml", asJson)).toBeUndefined();
    expect((await get(robin, "/store/a.test/u/new/1.eml"))?.status).toBe(200);
  });

  it("404 by Accept for other files and for what is not there", async () => {
    const robin = await startStore({ "a.test/u/note.txt": "x" });
    for (const name of ["note.txt", "nope", "new/no.eml", "x".repeat(256)]) {
      expect(await get(robin, `/store/a.test/u/${name}`)).toMatchObject({ status: 404, body: "Not Found" });
      expect(await get(robin, `/store/a.test/u/${name}`, asJson)).toMatchObject({
        status: 404,
        body: '{"error":"Not Found"}',
      });
    }
  });
});

describe("paths under /store that lead out or nowhere", () => {
  it.each([
    "/store/..",
    "/store/a.test/../../etc/passwd",
    "/store/%2e%2e/etc",
    "/store/%252e%252e/etc",
    "/store/..%2fetc",
    "/store/..%252fetc",
    "/store/a%5C..%5Cb",
    "/store/a%255C..%255Cb",
    "/store/a..b.eml",
    "/store..",
  ])("403 by Accept for %s (trap 37)", async (target) => {
    const robin = await startStore({});
    expect(await get(robin, target)).toMatchObject({ status: 403, body: "Forbidden" });
    expect(await get(robin, target, asJson)).toMatchObject({ status: 403, body: '{"error":"Forbidden"}' });
    expect(await sendRaw(robin.clientUrl, { method: "DELETE", target })).toMatchObject({ body: "Forbidden" });
  });

  it.each(["%00", "%2500", "a%2500b", "100%25", "%25zz", "%25e"])(
    "closes the connection for %s, whatever the method (trap 4)",
    async (name) => {
      const robin = await startStore({});
      for (const method of ["GET", "PUT"])
        expect(await sendRaw(robin.clientUrl, { method, target: `/store/a.test/u/${name}` })).toBeUndefined();
      expect((await get(robin, "/health"))?.status).toBe(200);
    },
  );

  it("takes a triple encoding, an overlong one and a single dot for names", async () => {
    const robin = await startStore({ "a.test/u/1.eml": "x" });
    expect((await get(robin, "/store/%25252e%25252e"))?.status).toBe(404);
    expect((await get(robin, "/store/%c0%ae%c0%ae/etc"))?.status).toBe(404);
    expect((await get(robin, "/store/./a.test//u/1.eml"))?.body).toBe("x");
    expect(jsonOf(await get(robin, "/store/a.test//u", asJson))).toMatchObject({
      path: "/a.test//u",
      items: [{ path: "/store/a.test" }, { path: "/store/a.test//u/1.eml" }],
    });
  });

  it("401 first", async () => {
    const robin = await startSimulator({ clientAuth: { type: "bearer", value: "t" } });
    for (const method of ["GET", "POST", "PATCH"])
      expect((await sendRaw(robin.clientUrl, { method, target: "/store/.." }))?.status).toBe(401);
  });
});

describe("GET /store/{d}/{u}/folders/{f}/properties", () => {
  it("200 with the mails of new and cur, sub-folders and other files left out, whatever the Accept", async () => {
    const robin = await startStore({
      "a.test/u/new/1.eml": "1234",
      "a.test/u/cur/2.eml": "12",
      "a.test/u/cur/note.txt": "x",
      "a.test/u/.Sub/new/3.eml": "1",
    });
    for (const folder of ["inbox", "INBOX", "inbox/new", "new"])
      expect((await get(robin, `/store/a.test/u/folders/${folder}/properties`))?.body).toBe(
        `{\n  "r": 1,\n  "total": 2,\n  "size": 6,\n  "unread": 1\n}`,
      );
    expect(jsonOf(await get(robin, "/store/a.test/u/folders/inbox/Sub/properties"))).toMatchObject({ total: 1 });
  });

  it("404 for a folder or account that is not there, and for no folder at all", async () => {
    const robin = await startStore({ "a.test/u/new/1.eml": "" });
    const missing = { status: 404, body: '{"r":0,"msg":"Folder not found."}' };
    expect(await get(robin, "/store/a.test/u/folders/Nope/properties")).toMatchObject(missing);
    expect(await get(robin, "/store/a.test/v/folders/inbox/properties")).toMatchObject(missing);
    expect(await get(robin, "/store/a.test/u/folders/properties", asJson)).toMatchObject({
      body: '{"error":"Not Found"}',
    });
  });
});

describe("seeded mail", () => {
  it("is the same for the same seed, another for another, and does not change the queue", async () => {
    const contents = async (seed: number, mails: number) => {
      const robin = await startSimulator({ seed, mails, items: 3 });
      const files = robin.store.files().map((path) => [path, robin.store.read(path)?.toString("base64")]);
      return { files, queue: robin.queue.items().map(({ uid }) => uid) };
    };
    const [first, again, other, less] = [
      await contents(7, 40),
      await contents(7, 40),
      await contents(8, 40),
      await contents(7, 0),
    ];
    expect(first).toEqual(again);
    expect(first.files).toHaveLength(40);
    expect(other.files).not.toEqual(first.files);
    expect(less.files).toEqual([]);
    expect(less.queue).toEqual(first.queue);
  });

  it("has attachments, non-ASCII, non-UTF-8, broken and empty mails", async () => {
    const robin = await startSimulator({ mails: 60 });
    const mails = robin.store.files().map((path) => robin.store.read(path) ?? Buffer.alloc(0));
    const has = (pattern: RegExp) => mails.some((mail) => pattern.test(mail.toString("latin1")));
    expect(has(/Content-Disposition: attachment; filename\*=UTF-8''/)).toBe(true);
    expect(has(/charset=iso-8859-1[^]*Gr\u00fc\u00dfe/)).toBe(true);
    expect(mails.some((mail) => mail.toString().includes("東京"))).toBe(true);
    expect(mails.some((mail) => mail.includes(Buffer.from([0xff, 0xfe, 0x00])))).toBe(true);
    expect(has(/^no header at all\n/)).toBe(true);
    expect(mails.some((mail) => mail.length === 0)).toBe(true);
  });
});
