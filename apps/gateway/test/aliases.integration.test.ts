import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let admin: SignedIn;
let domainIds: number[];
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signIn("ROLE_ADMIN");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.db.domain.deleteMany();
  const names = ["x.example", "y.example", "xn--mnchen-3ya.example"];
  const rows = await gateway.db.domain.createManyAndReturn({
    data: names.map((name) => ({ name, unicodeName: name })),
  });
  domainIds = rows.map(({ id }) => id);
});

interface AliasBody {
  id: number;
  source: string;
  destinations: string[];
}

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  gateway.request(`/api/v1/aliases${path}`, { method, token: admin.token, ...(body !== undefined && { body }) });
const tryAlias = (source: string, ...destinations: string[]) => call("POST", "", { source, destinations });
const alias = async (source: string, ...destinations: string[]) => {
  const answer = await tryAlias(source, ...destinations);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as AliasBody;
};
const sourcesIn = ({ body }: Answer) => (body as { items: AliasBody[] }).items.map(({ source }) => source);

describe("POST /api/v1/aliases", () => {
  it("200 keeps addresses in lower case and punycode, each destination once", async () => {
    const answer = await tryAlias(" Info@MÜNCHEN.example ", "Anna@Straße.example", "b@y.example", "B@Y.example");
    expect(answer.body).toMatchObject({
      domainId: domainIds[2],
      domain: "xn--mnchen-3ya.example",
      source: "info@xn--mnchen-3ya.example",
      destinations: ["anna@xn--strae-oqa.example", "b@y.example"],
      catchAll: false,
    });
    expect(await auditOf(gateway, answer)).toMatchObject([
      { action: "aliases.create", targets: ["info@xn--mnchen-3ya.example"], outcome: "SUCCEEDED" },
    ]);
  });

  it("200 for a whole domain, also when it leads to a mailbox within", async () => {
    expect(await alias("@x.example", "postmaster@x.example")).toMatchObject({ source: "@x.example", catchAll: true });
  });

  it("409 for a source that has one, in any case, also for two at once", async () => {
    const answers = await Promise.all([tryAlias("a@x.example", "b@e.example"), tryAlias("A@X.example", "c@e.example")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expectError(await tryAlias("a@x.EXAMPLE", "d@e.example"), 409, "conflict");
  });

  it("400 for a domain that is none of ours, also for a part of ours", async () => {
    for (const source of ["a@other.example", "a@sub.x.example", "@example.com"]) {
      const answer = await tryAlias(source, "b@e.example");
      expect(expectError(answer, 400, "invalid_input").issues?.map(({ path }) => path)).toEqual(["source"]);
    }
  });

  it.each([
    ["a source without a domain", { source: "a" }],
    ["a source of only an @", { source: "@" }],
    ["a source with a line break", { source: "a@x.example\nb" }],
    ["two @ in a source", { source: "a@b@x.example" }],
    ["a quoted name", { source: '"a b"@x.example' }],
    ["two dots", { source: "a..b@x.example" }],
    ["65 characters before the @", { source: `${"a".repeat(65)}@x.example` }],
    ["no destination", { destinations: [] }],
    ["a whole domain as destination", { destinations: ["@y.example"] }],
    ["a pipe to a program", { destinations: ["|/bin/sh"] }],
    ["several addresses in one", { destinations: ["a@e.example,b@e.example"] }],
    ["an empty destination", { destinations: [""] }],
    ["101 destinations", { destinations: Array.from({ length: 101 }, (_, n) => `a${n}@e.example`) }],
    ["a single text", { destinations: "a@e.example" }],
    ["a domain of one's own choice", { domainId: 1 }],
  ])("400 for %s", async (_what, fields) => {
    const body = { source: "a@x.example", destinations: ["b@e.example"], ...fields };
    expectError(await call("POST", "", body), 400, "invalid_input");
    expect(await gateway.db.alias.count()).toBe(0);
  });
});

describe("GET /api/v1/aliases", () => {
  beforeEach(async () => {
    await alias("b@x.example", "one@e.example", "two@e.example");
    await alias("a@x.example", "two@e.example");
    await alias("@y.example", "one@e.example");
  });

  it("200 sorted by source, in pages, without nulls", async () => {
    const answer = await call("GET", "?limit=2");
    expect(sourcesIn(answer)).toEqual(["@y.example", "a@x.example"]);
    expect(answer.body).toMatchObject({ total: 3, pages: 2 });
    expect(answer.text).not.toContain("null");
    expect(sourcesIn(await call("GET", "?limit=2&page=2"))).toEqual(["b@x.example"]);
  });

  it("200 filtered by domain, by text and by destination", async () => {
    expect(sourcesIn(await call("GET", `?domainId=${domainIds[0]}`))).toEqual(["a@x.example", "b@x.example"]);
    expect(sourcesIn(await call("GET", "?search=B%40"))).toEqual(["b@x.example"]);
    expect(sourcesIn(await call("GET", "?search=%25"))).toEqual([]);
    expect(sourcesIn(await call("GET", "?destination=TWO%40e.example&order=desc"))).toEqual([
      "b@x.example",
      "a@x.example",
    ]);
    expect(sourcesIn(await call("GET", `?domainId=${domainIds[1]}&destination=two%40e.example`))).toEqual([]);
  });
});

describe("/api/v1/aliases/{id}", () => {
  it("200 shows, replaces the destinations, and deletes once", async () => {
    const { id } = await alias("a@x.example", "one@e.example");
    const updated = await call("PUT", `/${id}`, { destinations: ["two@e.example", "THREE@e.example"] });
    expect(updated.body).toMatchObject({ source: "a@x.example", destinations: ["two@e.example", "three@e.example"] });
    expect((await call("GET", `/${id}`)).body).toEqual(updated.body);
    expect((await call("DELETE", `/${id}`)).body).toStrictEqual({ success: true });
    expectError(await call("DELETE", `/${id}`), 404, "not_found");
  });

  it("404 for one that is not there, 400 for a new source", async () => {
    const { id } = await alias("a@x.example", "one@e.example");
    expectError(await call("GET", "/2147483647"), 404, "not_found");
    expectError(await call("PUT", "/2147483647", { destinations: ["a@e.example"] }), 404, "not_found");
    expectError(await call("PUT", `/${id}`, { source: "b@x.example" }), 400, "invalid_input");
    expectError(await call("PUT", `/${id}`, { destinations: [] }), 400, "invalid_input");
  });
});
