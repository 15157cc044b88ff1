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

/** An account of its own for each test. */
let user: string;
const domain = "example.com";
beforeEach(() => {
  user = randomUUID();
  gateway.simulator.faults.clear();
});

const put = (...paths: string[]) => {
  for (const path of paths) gateway.simulator.store.put(`${domain}/${user}/${path}`, path);
};
const files = () =>
  gateway.simulator.store
    .files()
    .filter((path) => path.startsWith(`${domain}/${user}/`))
    .map((path) => path.replace(`${domain}/${user}/`, ""))
    .sort();
const post = (operation: string, body: Record<string, unknown>): Promise<Answer> =>
  gateway.request(`/api/v1/storage/${domain}/${user}/messages/${operation}`, { token: operator.token, body });
const client = () => trpcClient(gateway, operator.token);
const issuesOf = ({ body }: Answer) => (body as ErrorAnswer).issues;
const mutations = () => gateway.simulator.requests.filter(({ method }) => method !== "GET").length;

describe("POST /api/v1/storage/{domain}/{user}/messages/...", () => {
  it("200 moves many mails at once, each once, and says how many were there", async () => {
    put("new/1.eml", "cur/2.eml", ".To/new/x.eml", ".Other/new/3.eml");
    const messageIds = ["1.eml", "2.eml", "3.eml", "1.eml"];
    const answer = await post("move", { fromFolder: "inbox", toFolder: "To", messageIds });
    expect([answer.status, answer.body]).toEqual([200, { requested: 3, done: 2 }]);
    expect(files()).toEqual([".Other/new/3.eml", ".To/new/1.eml", ".To/new/2.eml", ".To/new/x.eml"]);
  });

  it("200 marks as read and as unread, some and all", async () => {
    put("new/1.eml", "new/2.eml", "cur/3.eml");
    const messageIds = ["1.eml", "3.eml"];
    expect((await post("read-status", { folder: "inbox", messageIds, read: true })).body).toEqual({
      requested: 2,
      done: 1,
    });
    expect(files()).toEqual(["cur/1.eml", "cur/3.eml", "new/2.eml"]);
    const input = { domain, user, folder: "inbox", messageIds, read: false };
    expect(await client().storage.setReadStatus.mutate(input)).toEqual({ requested: 2, done: 2 });
    expect((await post("mark-all-read", { folder: "INBOX" })).body).toEqual({ done: 3 });
    expect(files()).toEqual(["cur/1.eml", "cur/2.eml", "cur/3.eml"]);
  });

  it("200 deletes mails, and none but those", async () => {
    put("new/1.eml", "cur/2.eml", "new/3.eml", ".Other/new/1.eml");
    const answer = await post("delete", { folder: "inbox", messageIds: ["1.eml", "2.eml", "4.eml"] });
    expect(answer.body).toEqual({ requested: 3, done: 2 });
    expect(files()).toEqual([".Other/new/1.eml", "new/3.eml"]);
    const { items } = await client().storage.list.query({ path: `/${domain}/${user}` });
    expect(items.map(({ name }) => name)).toEqual([".Other", "cur", "new"]);
  });

  it("503 and every mail where it was when Robin fails while some are deleted", async () => {
    put("new/1.eml", "new/2.eml");
    const route = `/store/${domain}/${user}/messages/delete-all`;
    gateway.simulator.faults.set({ port: "client", route, fault: { kind: "reset" }, times: 1 });
    expectError(await post("delete", { folder: "inbox", messageIds: ["1.eml"] }), 503, "upstream_unavailable");
    expect(files()).toEqual(["new/1.eml", "new/2.eml"]);
  });

  it("200 deletes all mails of a folder, not of those below it", async () => {
    put(".A/new/1.eml", ".A/cur/2.eml", ".A/.B/new/3.eml");
    expect((await post("delete-all", { folder: "A" })).body).toEqual({ done: 2 });
    expect(files()).toEqual([".A/.B/new/3.eml"]);
  });

  it("200 deletes old mails, of all folders only when that is said", async () => {
    const old = new Date(gateway.clock.now().getTime() - 200 * 86_400_000);
    for (const path of [".A/new/old.eml", "new/old.eml"])
      gateway.simulator.store.put(`${domain}/${user}/${path}`, "", old);
    put(".A/new/young.eml");
    const refused = await post("cleanup", { folder: "inbox", months: 3 });
    expectError(refused, 400, "invalid_input");
    expect(issuesOf(refused)).toEqual([
      {
        path: "everyFolder",
        message: "must be true to clean the inbox: Robin cleans every folder of the account with it",
      },
    ]);
    expect((await post("cleanup", { folder: "A", months: 3 })).body).toEqual({ done: 1 });
    expect((await post("cleanup", { folder: "inbox", months: 3, everyFolder: true })).body).toEqual({ done: 1 });
    expect(files()).toEqual([".A/new/young.eml"]);
  });

  it.each(["new", "cur", "tmp", "..", "a/../../x.eml", "x/1.eml", "a..b.eml", "a\\b.eml", "1.eml\0", "x.txt", ""])(
    "400 for the id %j, which could be more than a mail, and Robin is not asked",
    async (id) => {
      put("new/1.eml", ".To/new/2.eml");
      const before = gateway.simulator.requests.length;
      const messageIds = ["1.eml", id];
      const answers = [
        await post("move", { fromFolder: "inbox", toFolder: "To", messageIds }),
        await post("read-status", { folder: "inbox", messageIds, read: true }),
        await post("delete", { folder: "inbox", messageIds }),
      ];
      for (const answer of answers) expect(issuesOf(answer)?.map(({ path }) => path)).toContain("messageIds.1");
      expect(gateway.simulator.requests.length).toBe(before);
      expect(files()).toEqual([".To/new/2.eml", "new/1.eml"]);
    },
  );

  it("400 for no ids, for more than 1000, and for a folder that is missing, empty or the same", async () => {
    const before = gateway.simulator.requests.length;
    const many = Array.from({ length: 1001 }, (_, index) => `${index}.eml`);
    for (const body of [
      { fromFolder: "inbox", toFolder: "To", messageIds: [] },
      { fromFolder: "inbox", toFolder: "To", messageIds: many },
      { fromFolder: "", toFolder: "To", messageIds: ["1.eml"] },
      { toFolder: "To", messageIds: ["1.eml"] },
      { fromFolder: "inbox", toFolder: "INBOX", messageIds: ["1.eml"] },
      { fromFolder: "A/new", toFolder: "To", messageIds: ["1.eml"] },
    ])
      expectError(await post("move", body), 400, "invalid_input");
    for (const body of [{}, { folder: "" }, { folder: null }, { folder: ".." }])
      expectError(await post("delete-all", body), 400, "invalid_input");
    for (const months of [-1, 1.5, 1201, "x", undefined])
      expectError(await post("cleanup", { folder: "A", months }), 400, "invalid_input");
    expect(gateway.simulator.requests.length).toBe(before);
  });

  it("404 for a folder or an account that is not there, by both roads, and none is made", async () => {
    put("new/1.eml");
    const before = mutations();
    const [messageIds, nope] = [["1.eml"], { folder: "Nope" }];
    for (const answer of [
      await post("move", { fromFolder: "inbox", toFolder: "Nope", messageIds }),
      await post("move", { fromFolder: "Nope", toFolder: "inbox", messageIds }),
      await post("read-status", { ...nope, messageIds, read: true }),
      await post("mark-all-read", nope),
      await post("delete", { ...nope, messageIds }),
      await post("delete-all", nope),
      await post("cleanup", { ...nope, months: 1 }),
    ])
      expectError(answer, 404, "not_found");
    const stranger = client().storage.markAllRead.mutate({ domain, user: "nobody", folder: "inbox" });
    expect(await failureOf(stranger)).toMatchObject({ httpStatus: 404, message: "There is no such folder." });
    expect(mutations()).toBe(before);
    expect(files()).toEqual(["new/1.eml"]);
  });

  it("leaves one audit row that names account, folders and mails", async () => {
    put("new/1.eml", ".To/new/x.eml");
    const answer = await post("move", { fromFolder: "inbox", toFolder: "To", messageIds: ["1.eml", "1.eml"] });
    expect(await auditOf(gateway, answer)).toMatchObject([
      {
        action: "storage.moveMessages",
        targets: [`${user}@${domain}`, "inbox", "To", "1.eml"],
        outcome: "SUCCEEDED",
        actorUsername: operator.username,
      },
    ]);
    const failed = await post("mark-all-read", { folder: "Nope" });
    expect(await auditOf(gateway, failed)).toMatchObject([{ outcome: "FAILED", errorCode: "not_found" }]);
  });

  it("403 with VIEW_STORAGE alone, 401 without a token, and nothing changes", async () => {
    put("new/1.eml");
    const reader = await gateway.signIn("ROLE_READONLY");
    const request = { body: { folder: "inbox" } };
    const path = `/api/v1/storage/${domain}/${user}/messages/delete-all`;
    expectError(await gateway.request(path, { ...request, token: reader.token }), 403, "forbidden");
    expectError(await gateway.request(path, request), 401, "unauthenticated");
    const typed = trpcClient(gateway, reader.token).storage.deleteAllMessages.mutate({ domain, user, folder: "inbox" });
    expect(await failureOf(typed)).toMatchObject({ httpStatus: 403 });
    expect(files()).toEqual(["new/1.eml"]);
  });
});
