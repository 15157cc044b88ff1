import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { noon, startSimulator } from "../testing/simulators.ts";

const account = "/store/a.test/u";
const root = "/usr/local/robin/store/a.test/u";

async function startStore(...paths: readonly string[]): Promise<RobinSimulator> {
  const robin = await startSimulator();
  for (const path of paths) robin.store.put(`a.test/u/${path}`, `mail of ${path}`);
  return robin;
}

async function send(robin: RobinSimulator, line: string, body?: string, headers: Record<string, string> = {}) {
  const [method = "", path = ""] = line.split(" ");
  const answer = await sendRaw(robin.clientUrl, {
    method,
    target: account + path,
    headers,
    ...(body !== undefined && { body }),
  });
  return [answer?.status, answer?.body];
}
const filesOf = (robin: RobinSimulator): string[] =>
  robin.store
    .files()
    .map((path) => path.replace("a.test/u/", ""))
    .sort();

async function directoriesOf(robin: RobinSimulator, path = ""): Promise<string[]> {
  const headers = { Accept: "application/json" };
  const answer = await sendRaw(robin.clientUrl, { target: account + path, headers });
  const { items } = JSON.parse(answer?.body ?? "") as { items: { name: string }[] };
  return items.map(({ name }) => name).slice(1);
}

const created = [200, '{"r":1,"msg":"Folder created."}'];
const notFound = [404, '{"error":"Not Found"}'];
const folderMissing = [404, '{"r":0,"msg":"Folder not found."}'];
const inboxRoot = [400, '{"r":0,"msg":"Cannot modify inbox root."}'];
const badFolder = (message: string) => [400, `{"r":0,"msg":"${message}"}`];

describe("POST /store/{d}/{u}/folders", () => {
  it("200 makes new, cur and tmp with missing parents and accounts, again and again", async () => {
    const robin = await startStore();
    expect(await send(robin, "POST /folders", '{"name":"Q1","parent":"Ghost/Deep"}')).toEqual(created);
    expect(await send(robin, "POST /folders", '{"name":"Q1","parent":"Ghost/Deep"}')).toEqual(created);
    expect(await directoriesOf(robin, "/.Ghost")).toEqual([".Deep"]);
    expect(await directoriesOf(robin, "/.Ghost/.Deep/.Q1")).toEqual(["cur", "new", "tmp"]);
  });

  it("200 for null, numbers and lists, which become their text (trap 37)", async () => {
    const robin = await startStore();
    for (const name of ["null", "5", "true", "[1,null]", '{"a":"b"}', '".Dot"', '" a\\u0000"'])
      expect(await send(robin, "POST /folders", `{"name":${name}}`)).toEqual(created);
    expect(await directoriesOf(robin)).toEqual([".5.0", ".[1.0, null]", ".a", ".Dot", ".null", ".true", ".{a=b}"]);
  });

  it("200 for INBOX makes a folder that no other route finds", async () => {
    const robin = await startStore("new/1.eml");
    expect(await send(robin, "POST /folders", '{"name":"INBOX"}')).toEqual(created);
    expect(await directoriesOf(robin)).toContain(".INBOX");
    expect(await send(robin, "DELETE /folders/INBOX")).toEqual(inboxRoot);
  });

  it.each([
    ['{"name":" "}', badFolder("Folder name is required.")],
    ["{}", badFolder("Folder name is required.")],
    ["null", badFolder("Folder name is required.")],
    ["[]", badFolder("Folder name is required.")],
    ["", badFolder("Folder name is required.")],
    ['{"name":"a/b"}', badFolder("Invalid folder name.")],
    ['{"name":"a\\\\b"}', badFolder("Invalid folder name.")],
    ['{"name":"."}', badFolder("Invalid folder name.")],
    ["{", badFolder("Invalid JSON body")],
    ['{"name":"x",}', badFolder("Invalid JSON body")],
    ['"x"', badFolder("Invalid JSON body")],
    ['{"name":"a..b"}', [403, '{"error":"Forbidden"}']],
    ['{"name":"x","parent":".."}', [403, '{"error":"Forbidden"}']],
    ['{"name":"a\\u0000b"}', [500, '{"error":"Internal Server Error"}']],
  ])("answers %j with %j", async (body, expected) => {
    expect(await send(await startStore(), "POST /folders", body)).toEqual(expected);
  });

  it("400 with a path of the server for a name of more than 255 bytes", async () => {
    const robin = await startStore();
    expect(await send(robin, "POST /folders", `{"name":"${"ü".repeat(127)}"}`)).toEqual(created);
    const name = "ü".repeat(128);
    const answer = await send(robin, "POST /folders", `{"name":"${name}"}`);
    expect(answer).toEqual(badFolder(`${root}/.${name}: File name too long`));
  });
});

describe("PATCH and DELETE /store/{d}/{u}/folders/{f}", () => {
  it("200 renames under the same parent, to its own name too", async () => {
    const robin = await startStore(".A/.B/new/1.eml", "literal/2.eml");
    const renamed = [200, '{"r":1,"msg":"Folder renamed."}'];
    expect(await send(robin, "PATCH /folders/A/B", '{"name":"C"}')).toEqual(renamed);
    expect(await send(robin, "PATCH /folders/A/.C", '{"name":"C"}')).toEqual(renamed);
    expect(await send(robin, "PATCH /folders/literal", '{"name":"D"}')).toEqual(renamed);
    expect(filesOf(robin)).toEqual([".A/.C/new/1.eml", ".D/2.eml"]);
  });

  it("400 for a name that is taken, 404 for a folder that is not there, 400 for the inbox", async () => {
    const robin = await startStore(".A/new/1.eml", ".B/new/2.eml");
    expect(await send(robin, "PATCH /folders/A", '{"name":"B"}')).toEqual(badFolder(`${root}/.B`));
    expect(await send(robin, "PATCH /folders/Nope", "{")).toEqual(folderMissing);
    expect(await send(robin, "PATCH /folders/inbox", "{")).toEqual(inboxRoot);
    expect(await send(robin, "PATCH /folders/A", "{")).toEqual(badFolder("Invalid JSON body"));
    expect(await send(robin, "PATCH /folders", "{}")).toEqual(notFound);
  });

  it("200 removes a folder without files, sub-folders and all; 400 while there is one anywhere below", async () => {
    const robin = await startStore(".A/.B/new/note.txt");
    expect(await send(robin, "DELETE /folders/A")).toEqual(badFolder("Folder is not empty."));
    await send(robin, "POST /folders", '{"name":"C","parent":"Empty"}');
    expect(await send(robin, "DELETE /folders/Empty")).toEqual([200, '{"r":1,"msg":"Folder removed."}']);
    expect(await directoriesOf(robin)).toEqual([".A"]);
    expect(await send(robin, "DELETE /folders/Empty")).toEqual(folderMissing);
  });
});

describe("POST /store/{d}/{u}/folders/{f}/copy and move", () => {
  const copied = [200, '{"r":1,"msg":"Folder copied."}'];
  const moved = [200, '{"r":1,"msg":"Folder moved."}'];

  it("200 copies with all below, over what is there, into itself, and makes the new parent", async () => {
    const robin = await startStore(".A/new/1.eml", ".A/.Sub/cur/2.eml", ".New/.A/new/1.eml");
    expect(await send(robin, "POST /folders/A/copy", '{"destinationParent":"New"}')).toEqual(copied);
    expect(robin.store.read("a.test/u/.New/.A/new/1.eml")?.toString()).toBe("mail of .A/new/1.eml");
    expect(await send(robin, "POST /folders/A/copy", "{}")).toEqual(copied);
    expect(await send(robin, "POST /folders/A/copy", '{"destinationParent":"A","newName":"X"}')).toEqual(copied);
    expect(filesOf(robin)).toContain(".A/.X/.Sub/cur/2.eml");
    expect(await send(robin, "POST /folders/A/copy", '{"newName":"a/b"}')).toEqual(badFolder("Invalid folder name."));
  });

  it("200 moves, and where it already is", async () => {
    const robin = await startStore(".A/new/1.eml", ".B/new/2.eml");
    expect(await send(robin, "POST /folders/A/move", "{}")).toEqual(moved);
    expect(await send(robin, "POST /folders/A/move", '{"destinationParent":"B"}')).toEqual(moved);
    expect(filesOf(robin)).toEqual([".B/.A/new/1.eml", ".B/new/2.eml"]);
  });

  it("400 for a move into itself or onto what is not empty; 404 and 400 as for the others", async () => {
    const robin = await startStore(".A/new/1.eml", ".B/.A/new/2.eml");
    expect(await send(robin, "POST /folders/A/move", '{"destinationParent":"A"}')).toEqual(
      badFolder(`${root}/.A -> ${root}/.A/.A: Invalid argument`),
    );
    expect(await send(robin, "POST /folders/A/move", '{"destinationParent":"B"}')).toEqual(badFolder(`${root}/.B/.A`));
    expect(await send(robin, "POST /folders/Nope/move", "{}")).toEqual(folderMissing);
    expect(await send(robin, "POST /folders/inbox/copy", "{}")).toEqual(inboxRoot);
    expect(await send(robin, "POST /folders/A/frob", "{}")).toEqual(notFound);
  });
});

describe("POST /store/{d}/{u}/messages/move", () => {
  const moved = (count: number) => [200, `{\n  "success": ${count > 0},\n  "moved": ${count}\n}`];
  const move = (robin: RobinSimulator, body: unknown) => send(robin, "POST /messages/move", JSON.stringify(body));

  it("200 moves into new, which marks unread, out of any other folder too (trap 35)", async () => {
    const robin = await startStore("cur/1.eml", ".Other/.Deep/cur/2.eml", "3.eml");
    const messageIds = ["1.eml", "x/2.eml", "3.eml", "nope.eml", "a..b", " ", null];
    expect(await move(robin, { fromFolder: "inbox", toFolder: "To", messageIds })).toEqual(moved(3));
    expect(filesOf(robin)).toEqual([".To/new/1.eml", ".To/new/2.eml", ".To/new/3.eml"]);
  });

  it("200 makes the folder it moves nothing into, and takes a text for no ids", async () => {
    const robin = await startStore("new/1.eml");
    expect(await move(robin, { fromFolder: "", toFolder: "Fresh", messageIds: "1.eml" })).toEqual(moved(0));
    expect(await directoriesOf(robin)).toEqual([".Fresh", "new"]);
  });

  it("403 for a folder with two dots, 400 for broken JSON, 500 for a NUL", async () => {
    const robin = await startStore("new/1.eml");
    expect(await move(robin, { fromFolder: ".." })).toEqual([403, '{"error":"Forbidden"}']);
    expect(await send(robin, "POST /messages/move", "{")).toEqual([400, '{"error":"Invalid JSON body"}']);
    expect(await move(robin, { messageIds: ["a\0"] })).toEqual([500, '{"error":"Internal Server Error"}']);
  });
});

describe("POST /store/{d}/{u}/messages/read-status, mark-all-read, delete-all, cleanup", () => {
  it("200 moves between new and cur, and counts what moved", async () => {
    const robin = await startStore("new/1.eml", "cur/2.eml");
    const mark = (action: string) =>
      send(robin, "POST /messages/read-status", `{"folder":"","action":"${action}","messageIds":["1.eml","2.eml"]}`);
    expect(await mark("READ")).toEqual([200, '{"moved":1}']);
    expect(filesOf(robin)).toEqual(["cur/1.eml", "cur/2.eml"]);
    expect(await mark("unread")).toEqual([200, '{"moved":2}']);
    expect(await mark("x")).toEqual([400, '{"error":"Invalid action"}']);
  });

  it("200 makes a folder that was not there, instead of 404", async () => {
    const robin = await startStore("new/1.eml");
    await send(robin, "POST /messages/read-status", '{"folder":"Nope","action":"read"}');
    await send(robin, "POST /messages/mark-all-read", '{"folder":"Nope2"}');
    expect(await directoriesOf(robin)).toEqual([".Nope", ".Nope2", "new"]);
  });

  it("200 marks all read, other files too", async () => {
    const robin = await startStore("new/1.eml", "new/note.txt");
    const answer = await send(robin, "POST /messages/mark-all-read", '{"folder":"inbox/new"}');
    expect(answer).toEqual([200, '{\n  "success": true,\n  "moved": 2\n}']);
    expect(filesOf(robin)).toEqual(["cur/1.eml", "cur/note.txt"]);
  });

  it("200 deletes the mails of one folder and of no folder below", async () => {
    const robin = await startStore("1.eml", "new/2.eml", "cur/3.eml", "cur/note.txt", ".Sub/new/4.eml");
    const answer = await send(robin, "POST /messages/delete-all", '{"folder":"inbox"}');
    expect(answer).toEqual([200, '{\n  "deleted": 3,\n  "success": true\n}']);
    expect(filesOf(robin)).toEqual([".Sub/new/4.eml", "cur/note.txt"]);
    await send(robin, "POST /messages/delete-all", '{"folder":"Sub/new"}');
    expect(filesOf(robin)).toEqual(["cur/note.txt"]);
  });

  it.each([
    [{ folder: "inbox" }, ["new/young.eml"]],
    [{ folder: "", months: -5 }, []],
    [{ folder: "", months: "x" }, ["new/young.eml"]],
    [{ folder: "", months: "0" }, []],
    [{ folder: "Sub", months: null }, [".Drafts/new/old.eml", "new/young.eml"]],
  ])("200 cleans by age, and all folders for the inbox: %j leaves %j (trap 35)", async (body, left) => {
    const clock = createManualClock(new Date("2026-05-31T12:00:00Z"));
    const robin = await startSimulator({ clock });
    for (const path of [".Sub/new/old.eml", ".Drafts/new/old.eml"])
      robin.store.put(`a.test/u/${path}`, "", new Date("2026-02-28T11:59:59Z"));
    robin.store.put("a.test/u/new/young.eml", "", new Date("2026-02-28T12:00:00Z"));
    const answer = await send(robin, "POST /messages/cleanup", JSON.stringify(body));
    expect(answer).toEqual([200, `{\n  "msg": "Cleanup complete.",\n  "r": 1,\n  "affected": ${3 - left.length}\n}`]);
    expect(filesOf(robin)).toEqual(left);
  });

  it("400 with a path of the server when the folder to clean is not there", async () => {
    const robin = await startStore("new/1.eml");
    const answer = await send(robin, "POST /messages/cleanup", '{"folder":"Nope"}');
    expect(answer).toEqual([400, `{"error":"${root}/.Nope"}`]);
  });

  it.each(["POST /messages", "PUT /messages/move", "POST /messages/frob", "POST /messages/move/x", "POST /frob/x"])(
    "404 and never 405 for %s",
    async (line) => {
      expect(await send(await startStore(), line, "{}")).toEqual(notFound);
    },
  );

  it.each(["POST ", "DELETE /new/1.eml", "OPTIONS ", "HEAD /new/1.eml"])("404 for %s", async (line) => {
    const robin = await startStore("new/1.eml");
    expect((await send(robin, line))[0]).toBe(404);
    expect(filesOf(robin)).toEqual(["new/1.eml"]);
  });
});

describe("/store/{d}/{u}/drafts", () => {
  const raw = { "Content-Type": "message/rfc822" };
  const idOf = ([, body]: readonly unknown[]) => (JSON.parse(String(body)) as { draftId: string }).draftId;

  it("200 saves JSON as the few headers that Robin writes", async () => {
    const robin = await startStore();
    const answer = await send(robin, "POST /drafts", '{"from":"a@b.c","to":null,"subject":5,"body":"Grüße"}');
    const id = idOf(answer);
    expect(answer).toEqual([200, `{\n  "msg": "mail successfully saved.",\n  "r": 1,\n  "draftId": "${id}"\n}`]);
    expect(id).toMatch(/^draft-[0-9a-f-]{36}\.eml$/);
    const draft = robin.store.read(`a.test/u/.Drafts/new/${id}`)?.toString();
    expect(draft).toBe("From: a@b.c\r\nTo: null\r\nSubject: 5.0\r\n\r\nGrüße");
    expect(idOf(await send(robin, "POST /drafts", ""))).toMatch(/^draft-/);
    expect(await send(robin, "POST /drafts", "{")).toEqual([400, '{"error":"Invalid JSON body"}']);
  });

  it("200 saves raw mail byte for byte, an update under any name, and deletes what is not there", async () => {
    const robin = await startStore();
    const id = idOf(await send(robin, "POST /drafts", "From: a\r\n\r\nx", raw));
    expect(robin.store.read(`a.test/u/.Drafts/new/${id}`)?.toString()).toBe("From: a\r\n\r\nx");
    expect(idOf(await send(robin, "PUT /drafts/mine.txt", "y", raw))).toBe("mine.txt");
    robin.store.put(`a.test/u/.Drafts/cur/${id}`, "read");
    const discarded = [200, '{"r":1,"msg":"mail successfully discarded."}'];
    expect(await send(robin, `DELETE /drafts/${id}`)).toEqual(discarded);
    expect(await send(robin, `DELETE /drafts/${id}`)).toEqual(discarded);
    expect(filesOf(robin)).toEqual([".Drafts/new/mine.txt"]);
  });

  it("200 keeps attachments beside the draft, which need not exist, as .eml (trap 36)", async () => {
    const robin = await startStore();
    const add = async (query: string, body = "%PDF", headers = {}) => {
      const answer = await send(robin, `POST /drafts/ghost/attachments${query}`, body, headers);
      return (JSON.parse(String(answer[1])) as { r: 1; f: [string] }).f[0];
    };
    const id = await add("?filename=dir/x.pdf");
    expect(id).toMatch(/^att-[0-9a-f-]{36}-x\.pdf\.eml$/);
    expect(await add("?filename=y.EML")).toMatch(/-y\.EML$/);
    expect(await add("")).toMatch(new RegExp(`-eml-${noon.getTime()}\\.eml$`));
    expect(await add("?filename=a..b")).toMatch(/-eml-[0-9a-f-]{36}\.eml$/);
    const form = '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ninner\r\n--b--';
    const unpacked = await add("?filename=z", form, { "Content-Type": "multipart/form-data; boundary=b" });
    expect(robin.store.read(`a.test/u/.Drafts/attachments/ghost/${unpacked}`)?.toString()).toBe("inner");
    expect(await send(robin, `DELETE /drafts/ghost/attachments/${id}`)).toEqual([200, '{"r":1}']);
    expect(await send(robin, `DELETE /drafts/ghost/attachments/${id}`)).toEqual([200, '{"r":1}']);
    expect(filesOf(robin)).toHaveLength(4);
  });

  it.each(["PATCH /drafts/x", "PUT /drafts", "DELETE /drafts", "DELETE /drafts/x/y/z", "POST /drafts/x/frob"])(
    "404 for %s, which makes the folder nevertheless (trap 36)",
    async (line) => {
      const robin = await startStore();
      expect(await send(robin, line, "{}")).toEqual(notFound);
      expect(await directoriesOf(robin)).toEqual([".Drafts"]);
    },
  );

  it("400 for a draft that is a directory, and for the folder of attachments, which is one", async () => {
    const robin = await startStore(".Drafts/attachments/d/1.eml");
    const path = `${root}/.Drafts/new: Is a directory`;
    expect(await send(robin, "PUT /drafts/.", "x", raw)).toEqual([400, `{"error":"${path}"}`]);
    const answer = await send(robin, "DELETE /drafts/attachments");
    expect(answer).toEqual([400, `{"error":"${root}/.Drafts/attachments"}`]);
  });
});
