import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let admin: SignedIn;
let reader: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signIn("ROLE_ADMIN");
  reader = await gateway.signIn("ROLE_READONLY");
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.db.domain.deleteMany();
});

interface DomainBody {
  id: number;
  domain: string;
  unicode: string;
}

const call = (method: string, path: string, body?: unknown, { token } = admin): Promise<Answer> =>
  gateway.request(`/api/v1${path}`, { method, token, ...(body !== undefined && { body }) });
const create = async (domain: string) => {
  const answer = await call("POST", "/domains", { domain });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as DomainBody;
};
const namesIn = ({ body }: Answer) => (body as { items: DomainBody[] }).items.map(({ domain }) => domain);

describe("POST /api/v1/domains", () => {
  it.each([
    ["in lower case", " Example.COM ", "example.com", "example.com"],
    ["as punycode when people write it", "MÜNCHEN.example", "xn--mnchen-3ya.example", "münchen.example"],
    ["as punycode when it came so", "xn--mnchen-3ya.example", "xn--mnchen-3ya.example", "münchen.example"],
  ])("200 keeps it %s", async (_how, sent, domain, unicode) => {
    const answer = await call("POST", "/domains", { domain: sent });
    expect(answer.body).toMatchObject({ domain, unicode, aliasCount: 0 });
    const { id } = answer.body as DomainBody;
    expect((await call("GET", `/domains/${id}`, undefined, reader)).body).toEqual(answer.body);
    expect(await auditOf(gateway, answer)).toMatchObject([{ action: "domains.create", targets: [domain] }]);
  });

  it("409 for a duplicate, however it is written, also for two at once", async () => {
    const forms = ["münchen.example", "xn--mnchen-3ya.example", "MÜNCHEN.EXAMPLE"];
    const answers = await Promise.all(forms.map((domain) => call("POST", "/domains", { domain })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409)) expectError(answer, 409, "conflict");
  });

  it.each(["", "localhost", "a_b.com", "1.2.3.4", "a@b.com", "http://a.com", "a.com\0", "a.com/..", "x".repeat(300)])(
    "400 for %j",
    async (domain) => {
      const answer = await call("POST", "/domains", { domain });
      expect(expectError(answer, 400, "invalid_input").issues?.map(({ path }) => path)).toEqual(["domain"]);
    },
  );
});

describe("GET /api/v1/domains", () => {
  beforeEach(async () => {
    for (const domain of ["b.example", "a.example", "münchen.test"]) await create(domain);
  });

  it("200 sorted by name, in pages", async () => {
    const answer = await call("GET", "/domains?limit=2", undefined, reader);
    expect(namesIn(answer)).toEqual(["a.example", "b.example"]);
    expect(answer.body).toMatchObject({ total: 3, page: 1, limit: 2, pages: 2 });
    expect(namesIn(await call("GET", "/domains?limit=2&page=2&order=desc"))).toEqual(["a.example"]);
  });

  it.each([
    ["search=M%C3%BCnch", ["xn--mnchen-3ya.test"]],
    ["search=XN--", ["xn--mnchen-3ya.test"]],
    ["search=.EXAMPLE", ["a.example", "b.example"]],
    ["search=_.example", []],
    ["search=%25", []],
  ])("200 filtered by %s", async (query, names) => {
    expect(namesIn(await call("GET", `/domains?${query}`))).toEqual(names);
  });
});

describe("GET and DELETE /api/v1/domains/{id}", () => {
  it("200 deletes the domain with its aliases and no others", async () => {
    const [gone, stays] = [await create("gone.example"), await create("not.gone.example")];
    for (const source of ["a@gone.example", "@gone.example", "a@not.gone.example"]) {
      expect((await call("POST", "/aliases", { source, destinations: ["x@elsewhere.example"] })).status).toBe(200);
    }
    expect((await call("GET", `/domains/${gone.id}`)).body).toMatchObject({ aliasCount: 2 });
    expect((await call("DELETE", `/domains/${gone.id}`)).body).toStrictEqual({ success: true, aliasesDeleted: 2 });
    expect((await call("GET", `/domains/${stays.id}`)).body).toMatchObject({ aliasCount: 1 });
    expect(await gateway.db.alias.findMany()).toMatchObject([{ source: "a@not.gone.example" }]);
  });

  it("404 for one that is not there, 400 for what is no number", async () => {
    for (const method of ["GET", "DELETE"]) {
      expectError(await call(method, "/domains/2147483647"), 404, "not_found");
      expectError(await call(method, "/domains/example.com"), 400, "invalid_input");
    }
  });

  it("403 for those who may only look", async () => {
    const { id } = await create("a.example");
    expectError(await call("DELETE", `/domains/${id}`, undefined, reader), 403, "forbidden");
    expectError(await call("POST", "/domains", { domain: "b.example" }, reader), 403, "forbidden");
  });
});
