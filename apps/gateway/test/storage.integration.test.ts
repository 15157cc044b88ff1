import { isTRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError, type ErrorAnswer } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { fileNameIn } from "./storage-support.ts";
import { failureOf, streamingClient, trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0, mails: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.simulator.faults.clear();
});

const inbox = "example.com/tony/new";
const put = (path: string, content: string | Uint8Array = "mail") => {
  gateway.simulator.store.put(path, content);
};
const get = (path: string, query: Record<string, string> = {}) =>
  gateway.request(`${path}?${new URLSearchParams(query).toString()}`, { token: operator.token });
const list = (query: Record<string, string>) => get("/api/v1/storage", query);
const client = () => trpcClient(gateway, operator.token);
const issuesOf = (answer: { body: unknown }) => (answer.body as ErrorAnswer).issues;

interface Listing {
  path: string;
  items: { path: string; name: string; type: string; size: number; modified: number }[];
  breadcrumbs: unknown[];
  total: number;
}
const namesIn = ({ body }: { body: unknown }) => (body as Listing).items.map(({ name }) => name);

describe("GET /api/v1/storage", () => {
  it.each(["/api/v1/storage/?path=/", "/api/v1/storage/", "/api/v1/storage", "/storage/?path=/"])(
    "200 at %s with the root, as the UI asks for it",
    async (url) => {
      put(`${inbox}/1.eml`);
      const answer = await gateway.request(url, { token: operator.token });
      expect([answer.status, answer.body]).toEqual([
        200,
        {
          path: "/",
          items: ["example.com", "queue", "tmp"].map((name) => ({
            path: `/${name}`,
            name,
            type: "directory",
            size: 0,
            modified: 0,
          })),
          breadcrumbs: [{ name: "Root", path: "/" }],
          total: 3,
          page: 1,
          limit: 10_000,
          pages: 1,
        },
      ]);
    },
  );

  it("200 with nothing in the root of a Robin that has had no mail yet", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/store", fault: { kind: "status", status: 404 } });
    expect((await list({ path: "/" })).body).toMatchObject({ path: "/", items: [], total: 0 });
    expectError(await list({ path: "/example.com" }), 404, "not_found");
  });

  it("200 with what leads on from directory to directory, and the way back", async () => {
    put("walk.example/tony/new/20260821.abc.eml", "four");
    const walk = async (path: string): Promise<Listing> => {
      const body = (await list({ path })).body as Listing;
      const [next] = body.items;
      return next?.type === "directory" ? walk(next.path) : body;
    };
    expect(await walk("/walk.example")).toMatchObject({
      path: "/walk.example/tony/new",
      items: [
        {
          path: "/walk.example/tony/new/20260821.abc.eml",
          name: "20260821.abc.eml",
          type: "file",
          size: 4,
          modified: Date.UTC(2026, 7, 21),
        },
      ],
      breadcrumbs: [
        { name: "Root", path: "/" },
        { name: "walk.example", path: "/walk.example" },
        { name: "tony", path: "/walk.example/tony" },
        { name: "new", path: "/walk.example/tony/new" },
      ],
    });
  });

  it("200 with the day that a name begins with, or 0", async () => {
    const days = {
      "20260821.abc.eml": Date.UTC(2026, 7, 21),
      "qeml-20260821.abc.eml": Date.UTC(2026, 7, 21),
      "20261399.abc.eml": 0,
      "19690101.abc.eml": 0,
      "draft-1.eml": 0,
      "120260821.eml": 0,
    };
    for (const name of Object.keys(days)) put(`example.com/days/new/${name}`);
    const { items } = (await list({ path: "/example.com/days/new" })).body as Listing;
    expect(Object.fromEntries(items.map(({ name, modified }) => [name, modified]))).toEqual(days);
  });

  it("200 sorted, filtered and in pages, directories first", async () => {
    const sizes = { "b.eml": 1, "A.eml": 3, "20260821.c.eml": 2, "20260820.C.eml": 2 };
    for (const [name, size] of Object.entries(sizes)) put(`example.com/sorted/${name}`, "x".repeat(size));
    put("example.com/sorted/z/1.eml");
    const names = async (query: Record<string, string>) =>
      namesIn(await list({ path: "/example.com/sorted", ...query }));
    expect(await names({})).toEqual(["z", "20260820.C.eml", "20260821.c.eml", "A.eml", "b.eml"]);
    expect(await names({ order: "desc" })).toEqual(["z", "b.eml", "A.eml", "20260821.c.eml", "20260820.C.eml"]);
    expect(await names({ sort: "size" })).toEqual(["z", "b.eml", "20260820.C.eml", "20260821.c.eml", "A.eml"]);
    expect(await names({ sort: "modified", order: "desc", type: "file", limit: "2" })).toEqual([
      "20260821.c.eml",
      "20260820.C.eml",
    ]);
    expect(await names({ search: "C.E" })).toEqual(["20260820.C.eml", "20260821.c.eml"]);
    expect(await names({ type: "directory" })).toEqual(["z"]);
    const second = await list({ path: "/example.com/sorted", limit: "2", page: "2" });
    expect(second.body).toMatchObject({ total: 5, page: 2, limit: 2, pages: 3 });
    expect(namesIn(second)).toEqual(["20260821.c.eml", "A.eml"]);
    expect(await names({ page: "9" })).toEqual([]);
  });

  it.each([
    "a+b",
    "100%",
    "50%25",
    "%2e%2e",
    "%00",
    "\u00fc NFC",
    "u\u0308 NFD",
    "東京 🚂",
    "a&b=c;d?e#f",
    `quote"s and 's <x>`,
    "line\nbreak",
    "x".repeat(255),
  ])("200 for the directory %j by both roads, under exactly this name", async (name) => {
    put(`example.com/odd/${name}/1.eml`);
    const path = `/example.com/odd/${name}`;
    const answer = await list({ path });
    expect([answer.status, (answer.body as Listing).path]).toEqual([200, path]);
    expect((await client().storage.list.query({ path })).items).toMatchObject([{ path: `${path}/1.eml` }]);
    const file = await get("/api/v1/storage/file", { path: `${path}/1.eml` });
    expect(file.body).toMatchObject({ path: `${path}/1.eml`, content: "mail" });
  });

  it("404 for a directory or an account that is not there, and for a folder without its dot", async () => {
    put("example.com/tony/.Projects/new/1.eml");
    for (const path of ["/nowhere.example", "/example.com/nobody", "/example.com/tony/Projects", "/etc/passwd"]) {
      expectError(await list({ path }), 404, "not_found");
    }
    expect((await failureOf(client().storage.list.query({ path: "/nowhere.example" }))).message).toBe(
      "There is no directory at this path.",
    );
  });

  it("400 with a reason for a mail, and for what Robin takes for the properties of a folder", async () => {
    put(`${inbox}/1.eml`);
    expect(issuesOf(await list({ path: `/${inbox}/1.eml` }))).toEqual([
      { path: "path", message: "is a mail, not a directory" },
    ]);
    expectError(await list({ path: "/example.com/tony/folders/x/properties" }), 400, "invalid_input");
  });

  it.each([{ limit: "10001" }, { page: "0" }, { sort: "date" }, { type: "dir" }, { search: "a\nb" }, { unknown: "x" }])(
    "400 for %o",
    async (query: Record<string, string>) => {
      expectError(await list(query), 400, "invalid_input");
    },
  );
});

describe("path traversal", () => {
  const attempts = [
    "path=..",
    "path=/..",
    "path=%2e%2e",
    "path=%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "path=/example.com/../../etc",
    "path=..%5c..%5cetc",
    "path=%5c%5chost%5cshare",
    "path=/example.com/a..b",
    "path=/example.com/%00",
    "path=/example.com/tony%00.eml",
    "path=/./example.com",
    "path=//etc/passwd//x",
    "path=/example.com/%20/x",
    `path=/${"x".repeat(256)}`,
    `path=/${"%C3%BC".repeat(128)}`,
    `path=/${"x/".repeat(2001)}`,
    "path=/example.com&path=..",
    "path=",
    "path%00=x",
  ];

  it.each(attempts)("400 for ?%s in all reads, and Robin is not asked", async (query) => {
    const before = gateway.simulator.requests.length;
    for (const route of ["", "/file", "/raw"]) {
      const answer = await gateway.request(`/api/v1/storage${route}?${query}`, { token: operator.token });
      expectError(answer, 400, "invalid_input");
    }
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it.each([
    "%252e%252e",
    "%252e%252e%252fetc",
    "%25252e%25252e",
    "%c0%ae%c0%ae/etc",
    "%ef%bc%8e%ef%bc%8e",
    "%u002e%u002e",
  ])("404 for ?path=%s, which is an odd name and leads nowhere", async (path) => {
    expectError(await gateway.request(`/api/v1/storage?path=${path}`, { token: operator.token }), 404, "not_found");
    const raw = await gateway.request(`/api/v1/storage/raw?path=${path}/x.eml`, { token: operator.token });
    expectError(raw, 404, "not_found");
  });

  it("400 or 404 for account names that climb, and Robin is not asked", async () => {
    const before = gateway.simulator.requests.length;
    for (const domain of [
      "..",
      "%2e%2e",
      "%2E.",
      ".",
      "a..b",
      "a%2fb",
      "a%5cb",
      "%00",
      "%zz",
      "%20",
      "x".repeat(256),
    ]) {
      const path = `/api/v1/storage/${domain}/tony/folders`;
      const answer = await gateway.request(path, { token: operator.token, body: { name: "A" } });
      expect([400, 404]).toContain(answer.status);
    }
    expect(gateway.simulator.requests.length).toBe(before);
    for (const user of ["..", "a/b", "a\\b", "\0", "", " ", "\ud800"]) {
      const call = client().storage.createFolder.mutate({ domain: "example.com", user, name: "A" });
      expect((await failureOf(call)).issues).toMatchObject([{ path: "user" }]);
    }
    expect(gateway.simulator.requests.length).toBe(before);
  });
});

describe("GET /api/v1/storage/file", () => {
  const read = (path: string) => get("/api/v1/storage/file", { path });
  const cases: [string, Uint8Array, { content: string; charset: string }][] = [
    ["UTF-8", Buffer.from("Subject: x\r\n\r\nGrüße 🚂"), { content: "Subject: x\r\n\r\nGrüße 🚂", charset: "utf-8" }],
    [
      "what it claims to be",
      Buffer.from("Content-Type: text/plain; charset=iso-8859-2\r\n\r\n\xb1", "latin1"),
      { content: "Content-Type: text/plain; charset=iso-8859-2\r\n\r\ną", charset: "iso-8859-2" },
    ],
    [
      "not what it claims to be",
      Buffer.from("Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xfc\xdfe", "latin1"),
      { content: "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße", charset: "windows-1252" },
    ],
    [
      "of a charset that nobody knows",
      Buffer.from("Content-Type: text/plain; charset=klingon\r\n\r\n\xfc", "latin1"),
      { content: "Content-Type: text/plain; charset=klingon\r\n\r\nü", charset: "windows-1252" },
    ],
    [
      "broken MIME",
      Buffer.from('Content-Type: multipart/mixed; boundary="b\r\n\r\n--other\r\n!!'),
      { content: 'Content-Type: multipart/mixed; boundary="b\r\n\r\n--other\r\n!!', charset: "utf-8" },
    ],
    ["empty", Buffer.alloc(0), { content: "", charset: "utf-8" }],
    ["full of NULs", Buffer.alloc(3), { content: "\0\0\0", charset: "utf-8" }],
  ];

  it.each(cases)("200 for a mail that is %s", async (name, bytes, expected) => {
    const path = `/${inbox}/${name}.eml`;
    put(path, bytes);
    const answer = await read(path);
    expect([answer.status, answer.body]).toEqual([
      200,
      { path, mimeType: "message/rfc822", size: bytes.byteLength, ...expected },
    ]);
    expect(await client().storage.file.query({ path })).toEqual(answer.body);
  });

  it("200 for 4 MB, 409 that names the other road for one byte more, and Robin's one thread is let go", async () => {
    const path = `/${inbox}/large.eml`;
    put(path, Buffer.alloc(4 * 1024 ** 2, "x"));
    expect((await read(path)).status).toBe(200);
    put(path, Buffer.alloc(4 * 1024 ** 2 + 1, "x"));
    for (let call = 0; call < 10; call += 1) {
      expectError(await read(path), 409, "conflict");
    }
    expect(((await read(path)).body as ErrorAnswer).message).toContain("GET /storage/raw");
    expect((await list({ path: `/${inbox}` })).status).toBe(200);
    expect(gateway.deps.robin.breakers().client).toBe("closed");
  });

  it("404 for a mail that is not there, 400 for what is no mail", async () => {
    expectError(await read(`/${inbox}/nope.eml`), 404, "not_found");
    expect(issuesOf(await read(`/${inbox}/note.txt`))).toEqual([
      { path: "path", message: "must end with .eml: Robin shows no other file" },
    ]);
    expectError(await get("/api/v1/storage/file"), 400, "invalid_input");
  });

  it("503 when Robin closes the connection without an answer, after a second try", async () => {
    gateway.simulator.faults.set({ port: "client", route: "/store", fault: { kind: "reset" } });
    const before = gateway.simulator.requests.length;
    expectError(await read(`/${inbox}/1.eml`), 503, "upstream_unavailable");
    expect(gateway.simulator.requests.length).toBe(before + 2);
  });
});

describe("GET /api/v1/storage/raw", () => {
  const path = `/${inbox}/raw.eml`;
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256);
  const download = (of: string) =>
    fetch(`${gateway.url}/api/v1/storage/raw?${new URLSearchParams({ path: of }).toString()}`, {
      headers: { authorization: `Bearer ${operator.token}` },
    });

  it("200 with the bytes as they are, under their own type and name", async () => {
    put(path, bytes);
    const answer = await download(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("message/rfc822");
    expect(answer.headers.get("content-disposition")).toBe("attachment; filename=raw.eml");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), bytes)).toBe(0);
  });

  it.each([`a"; filename="evil.exe.eml`, "line\r\nSet-Cookie: a=b.eml", "Größe 🚂.eml", "100%.eml", "a;b=c.eml"])(
    "200 with a head that no name can forge: %j",
    async (name) => {
      put(`example.com/odd/${name}`, "x");
      const answer = await download(`/example.com/odd/${name}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("set-cookie")).toBeNull();
      const disposition = answer.headers.get("content-disposition") ?? "";
      expect(disposition).toMatch(/^attachment; filename=/);
      expect(fileNameIn(disposition)).toBe(name);
    },
  );

  it("404 as an error in JSON for a mail that is not there", async () => {
    const answer = await get("/api/v1/storage/raw", { path: `/${inbox}/nope.eml` });
    expectError(answer, 404, "not_found");
    expect(answer.headers.get("content-disposition")).toBeNull();
  });

  it("503 when Robin closes the connection, and no temporary file or slot stays behind", async () => {
    put(path, bytes);
    gateway.simulator.faults.set({ port: "client", route: "/store", fault: { kind: "reset" }, times: 2 });
    expectError(await get("/api/v1/storage/raw", { path }), 503, "upstream_unavailable");
    expect((await download(path)).status).toBe(200);
  });

  it("403 without VIEW_STORAGE, 401 without a token", async () => {
    const user = await gateway.signIn("ROLE_USER");
    expectError(await gateway.request(`/api/v1/storage/raw?path=${path}`, { token: user.token }), 403, "forbidden");
    expectError(await gateway.request(`/api/v1/storage/raw?path=${path}`), 401, "unauthenticated");
  });

  it("streams over tRPC to clients that ask for it", async () => {
    put(path, bytes);
    const parts: Uint8Array[] = [];
    for await (const part of await streamingClient(gateway, operator.token).storage.raw.query({ path }))
      parts.push(part);
    expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0);
    const failed = await streamingClient(gateway, operator.token)
      .storage.raw.query({ path: `/${inbox}/nope.eml` })
      .catch((error: unknown) => error);
    expect(isTRPCClientError(failed) && failed.message).toBe("There is no mail at this path.");
  });
});
