import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError, type ErrorAnswer } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, trpcClient } from "./trpc-client.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0, mails: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

/** An account of its own for each test, in both stores. */
let user: string;
const domain = "example.com";
beforeEach(() => {
  user = randomUUID();
  gateway.simulator.faults.clear();
});

type Store = "storage" | "mailboxes";
const stores = [["storage"], ["mailboxes"]] as const;

const call = (store: Store, method: string, path: string, body?: Record<string, unknown>): Promise<Answer> => {
  const query = method === "DELETE" && body ? `?${new URLSearchParams(body as Record<string, string>).toString()}` : "";
  return gateway.request(`/api/v1/${store}/${domain}/${user}/folders${path}${query}`, {
    method,
    token: operator.token,
    ...(method !== "DELETE" && method !== "GET" && { body: body ?? {} }),
  });
};
const create = (store: Store, name: string, parent?: string) =>
  call(store, "POST", "", { name, ...(parent !== undefined && { parent }) });
const client = () => trpcClient(gateway, operator.token);
const sentenceOf = ({ body }: Answer) => (body as ErrorAnswer).message;
const issuesOf = ({ body }: Answer) => (body as ErrorAnswer).issues;
const mutations = () => gateway.simulator.requests.filter(({ method }) => method !== "GET").length;

/** The folders of the account as people see them, without those that Robin makes itself. */
async function foldersOf(store: Store): Promise<string[]> {
  if (store === "mailboxes") {
    const { folders } = await client().mailboxes.view.query({ domain, user });
    return folders.filter(({ system }) => !system).map(({ path }) => path);
  }
  const walk = async (path: string): Promise<string[]> => {
    const { items } = await client().storage.list.query({ path, type: "directory" });
    const folders = items.filter(({ name }) => !["new", "cur", "tmp"].includes(name));
    return (await Promise.all(folders.map(async (item) => [item.path, ...(await walk(item.path))]))).flat();
  };
  const paths = await walk(`/${domain}/${user}`);
  return paths.map((path) => path.replace(`/${domain}/${user}/`, "").replaceAll(/(^|\/)\./g, "$1"));
}

/** A mail in a folder of either store. */
function deliver(store: Store, folder: string): void {
  if (store === "mailboxes") {
    gateway.simulator.mailboxes.deliver(`${user}@${domain}`, "mail", { folder });
    return;
  }
  const place = folder.split("/").map((name) => `.${name}`);
  gateway.simulator.store.put([domain, user, ...place, "new", `${randomUUID()}.eml`].join("/"), "mail");
}

describe.each(stores)("folders of /%s", (store) => {
  it("200 are made, renamed, copied, moved and deleted, each answer with the name they have now", async () => {
    const made = await create(store, "A");
    expect([made.status, made.body]).toEqual([200, { success: true, folder: "A" }]);
    expect((await create(store, "B", "A")).body).toEqual({ success: true, folder: "A/B" });
    expect((await call(store, "PATCH", "", { folder: "A/B", name: "C" })).body).toMatchObject({ folder: "A/C" });
    const copied = await call(store, "POST", "/copy", { folder: "A", newName: "D" });
    expect(copied.body).toMatchObject({ folder: "D" });
    expect((await call(store, "POST", "/move", { folder: "D/C" })).body).toMatchObject({ folder: "C" });
    expect((await call(store, "DELETE", "", { folder: "D" })).body).toEqual({ success: true, folder: "D" });
    expect(await foldersOf(store)).toEqual(["A", "A/C", "C"]);
  });

  it.each(["a+b", "100%", "50%25", "%2e%2e", "Grüße", "u\u0308", "東京 🚂", "a&b=c;d?e#f", "'", "x".repeat(254)])(
    "200 with the name %j by both roads, under exactly this name",
    async (name) => {
      await create(store, name);
      await client()[store].createFolder.mutate({ domain, user, name: "below", parent: name });
      expect(await foldersOf(store)).toEqual([name, `${name}/below`]);
      const query = new URLSearchParams({ folder: name }).toString();
      expect((await call(store, "GET", `/properties?${query}`)).body).toMatchObject({ total: 0, unread: 0 });
      expect((await call(store, "DELETE", "", { folder: name })).status).toBe(200);
      expect(await foldersOf(store)).toEqual([]);
    },
  );

  it("200 counts the mails of a folder", async () => {
    deliver(store, "A");
    deliver(store, "A");
    const answer = await call(store, "GET", "/properties?folder=A");
    expect([answer.status, answer.body]).toMatchObject([200, { total: 2, unread: 2, size: 8 }]);
  });

  it.each([
    ["INBOX", "must not be the inbox's: Robin would make a folder nobody can reach"],
    ["inbox", "must not be the inbox's: Robin would make a folder nobody can reach"],
    ["new", "must not be new, cur or tmp, which Robin keeps for itself"],
    ["a/b", "must not contain a slash or backslash"],
    ["a\\b", "must not contain a slash or backslash"],
    ["..", "must not contain two dots in a row"],
    ["a..b", "must not contain two dots in a row"],
    [" a", "must not have blanks around it"],
    ["a\0b", "must not contain control characters"],
    ["a\r\nb", "must not contain control characters"],
    ["a.eml", "must not end with .eml, as mails do"],
    ["", "must not be blank or a dot"],
    ["x".repeat(256), "must not be longer than 255 bytes"],
    ["ü".repeat(128), "must not be longer than 255 bytes"],
    ["\ud800", "must be well-formed Unicode"],
  ])("400 with the reason for the name %j, and Robin is not asked", async (name, message) => {
    const before = gateway.simulator.requests.length;
    const answer = await create(store, name);
    expectError(answer, 400, "invalid_input");
    expect(issuesOf(answer)).toContainEqual({ path: "name", message });
    for (const [method, path, body] of [
      ["PATCH", "", { folder: "A", name }],
      ["POST", "/copy", { folder: "A", newName: name }],
    ] as const)
      expectError(await call(store, method, path, body), 400, "invalid_input");
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it.each(["", "inbox", "INBOX", "..", "a/../b", "a//b", "/a", "a/", "a\\b", "a/new", " a", "a\0"])(
    "400 to change the folder %j",
    async (folder) => {
      const before = gateway.simulator.requests.length;
      for (const request of [
        call(store, "PATCH", "", { folder, name: "X" }),
        call(store, "DELETE", "", { folder }),
        call(store, "POST", "/copy", { folder, newName: "X" }),
        call(store, "POST", "/move", { folder, destinationParent: "X" }),
      ])
        expectError(await request, 400, "invalid_input");
      expect(gateway.simulator.requests.length).toBe(before);
    },
  );

  it("404 with a sentence for a folder or a parent that is not there, and none is made", async () => {
    await create(store, "A");
    const answers = [
      await create(store, "X", "Nope"),
      await call(store, "PATCH", "", { folder: "Nope", name: "X" }),
      await call(store, "DELETE", "", { folder: "Nope" }),
      await call(store, "POST", "/copy", { folder: "Nope", newName: "X" }),
      await call(store, "POST", "/copy", { folder: "A", destinationParent: "Nope" }),
      await call(store, "POST", "/move", { folder: "Nope", destinationParent: "A" }),
      await call(store, "POST", "/move", { folder: "A", destinationParent: "Nope" }),
      await call(store, "GET", "/properties?folder=Nope"),
    ];
    for (const answer of answers) expectError(answer, 404, "not_found");
    expect(answers.map(sentenceOf)[0]).toBe("The parent folder is not there.");
    expect(await foldersOf(store)).toEqual(["A"]);
  });

  it("409 when a folder of the new name is there, also where Robin would make both one, and neither changes", async () => {
    deliver(store, "A");
    deliver(store, "B");
    deliver(store, "P/A");
    const before = mutations();
    for (const answer of [
      await create(store, "A"),
      await call(store, "PATCH", "", { folder: "A", name: "B" }),
      await call(store, "PATCH", "", { folder: "A", name: "A" }),
      await call(store, "POST", "/copy", { folder: "A", newName: "B" }),
      await call(store, "POST", "/copy", { folder: "A" }),
      await call(store, "POST", "/move", { folder: "A", destinationParent: "P" }),
      await call(store, "POST", "/move", { folder: "A" }),
    ])
      expectError(answer, 409, "conflict");
    expect(sentenceOf(await create(store, "A"))).toBe("There is a folder A already.");
    expect(mutations()).toBe(before);
  });

  it("409 to delete a folder with mail in it or below it", async () => {
    deliver(store, "A/B");
    const answer = await call(store, "DELETE", "", { folder: "A" });
    expectError(answer, 409, "conflict");
    expect(sentenceOf(answer)).toBe("There is mail in this folder, or in one below it.");
    const failure = await failureOf(client()[store].deleteFolder.mutate({ domain, user, folder: "A/B" }));
    expect(failure).toMatchObject({ httpStatus: 409, appCode: "conflict" });
  });

  it("409 to move a folder into itself, in words that show nothing of Robin's host", async () => {
    deliver(store, "A/B");
    for (const destinationParent of ["A", "A/B"]) {
      const answer = await call(store, "POST", "/move", { folder: "A", destinationParent });
      expectError(answer, 409, "conflict");
      expect(answer.text).not.toContain("/usr/local");
    }
    expect(await foldersOf(store)).toEqual(["A", "A/B"]);
  });

  it("leaves an audit row of what was done, and of what failed", async () => {
    expect(await auditOf(gateway, await create(store, "A"))).toMatchObject([
      { action: `${store}.createFolder`, targets: [`${user}@${domain}`, "A"], outcome: "SUCCEEDED" },
    ]);
    expect(await auditOf(gateway, await call(store, "PATCH", "", { folder: "Nope", name: "B" }))).toMatchObject([
      { action: `${store}.renameFolder`, targets: [`${user}@${domain}`, "Nope", "B"], errorCode: "not_found" },
    ]);
  });

  it("503 when Robin closes the connection, and the change is not tried again", async () => {
    await create(store, "A");
    const route = store === "storage" ? "/store" : "/store-rocksdb";
    gateway.simulator.faults.set({ port: "client", route, method: "DELETE", fault: { kind: "reset" } });
    const before = mutations();
    expectError(await call(store, "DELETE", "", { folder: "A" }), 503, "upstream_unavailable");
    expect(mutations()).toBe(before + 1);
  });
});

describe("folders of one store only", () => {
  it("409 for the system folders of a mailbox, which a folder of files may be called like", async () => {
    expectError(await create("mailboxes", "sent"), 409, "conflict");
    const answer = await call("mailboxes", "DELETE", "", { folder: "Sent" });
    expectError(answer, 409, "conflict");
    expect(sentenceOf(answer)).toBe("The inbox and the folder for sent mail cannot be changed.");
    expect((await create("storage", "sent")).status).toBe(200);
  });

  it("200 puts a folder below the inbox of a mailbox; files have no such place", async () => {
    expect((await create("mailboxes", "Old", "inbox")).body).toMatchObject({ folder: "inbox/Old" });
    expect(await foldersOf("mailboxes")).toEqual(["Inbox/Old"]);
    gateway.simulator.store.put(`${domain}/${user}/new/1.eml`, "mail");
    await create("storage", "Old", "inbox");
    expect(await foldersOf("storage")).toEqual(["Old"]);
  });

  it("404 for the folder of an account that is not there, in files; mailboxes are made as they are looked at", async () => {
    expectError(await call("storage", "GET", "/properties?folder=inbox"), 404, "not_found");
    expect((await call("mailboxes", "GET", "/properties?folder=inbox")).body).toMatchObject({ total: 0 });
  });
});
