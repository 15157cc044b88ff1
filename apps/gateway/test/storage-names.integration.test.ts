import { listProcedures, type ProcedureInfo } from "@robin/api";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let operator: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0, mails: 0 } });
  operator = await gateway.signIn("ROLE_OPERATOR");
});
afterAll(() => gateway.close());

const procedures = listProcedures().filter(({ path }) => /^(storage|mailboxes)\./.test(path));
const texts = [
  "name",
  "newName",
  "parent",
  "destinationParent",
  "folder",
  "fromFolder",
  "toFolder",
  "path",
  "fileName",
];
const ids = ["messageId", "draftId", "attachmentId"];

const hostile = fc.oneof(
  fc.constantFrom(
    "..",
    "../b",
    "b/../../other.test/b",
    "..\\other.test",
    "%2e%2e",
    "new",
    "cur",
    ".eml",
    "queue",
    "__proto__",
  ),
  fc.string({ unit: "binary", maxLength: 8 }).map((text) => text.toWellFormed()),
  fc.string({ unit: "grapheme", maxLength: 260 }),
);
const likely = (...values: [string, ...string[]]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: hostile });
const inputs = fc.record({
  domain: likely("a.test"),
  user: likely("a"),
  messageIds: fc.array(likely("1.eml", "2.eml"), { minLength: 1, maxLength: 3 }),
  ...Object.fromEntries(
    texts.map((field) => [field, likely("inbox", "A", "A/B", "C", "Drafts", "/a.test/a/new/1.eml")]),
  ),
  ...Object.fromEntries(ids.map((field) => [field, likely("1.eml", "draft-1.eml")])),
});

function overRest({ meta: { openapi }, input }: ProcedureInfo, values: Record<string, unknown>): Promise<Answer> {
  if (!openapi) throw new Error("not on REST");
  const { shape } = input as unknown as { shape: Record<string, unknown> };
  const all = { ...values, months: 0, read: true, everyFolder: true, content: "" };
  const taken = Object.fromEntries(Object.entries(all).filter(([field]) => field in shape));
  const isInPath = (field: string) => openapi.path.includes(`{${field}}`);
  const path = openapi.path.replaceAll(/\{(\w+)\}/g, (_whole, field: string) =>
    encodeURIComponent(String(taken[field])),
  );
  const rest = Object.fromEntries(Object.entries(taken).filter(([field]) => !isInPath(field)));
  const { method } = openapi;
  const inQuery = method === "GET" || method === "DELETE";
  const query = inQuery ? `?${new URLSearchParams(rest as Record<string, string>).toString()}` : "";
  const body = inQuery ? {} : { body: rest };
  return gateway.request(`/api/v1${path}${query}`, { method, token: operator.token, ...body });
}

it(
  "no name in any field makes an error of ours, or changes what is beside the account",
  { timeout: 120_000 },
  async () => {
    const others = [
      "other.test/b/new/1.eml",
      "a.test/bystander/new/1.eml",
      "a.test/new/new/1.eml",
      "queue/1.eml",
      "tmp/1.eml",
    ];
    for (const path of others) gateway.simulator.store.put(path, "untouched");
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...procedures), inputs, async (procedure, values) => {
        for (const place of ["new/1.eml", ".A/.B/new/2.eml", ".Drafts/new/draft-1.eml"])
          gateway.simulator.store.put(`a.test/a/${place}`, "mail");
        const { status, text } = await overRest(procedure, values);
        statuses.add(status);
        expect([procedure.path, status, text]).toEqual([
          procedure.path,
          expect.toSatisfy((code: number) => code < 500),
          expect.not.stringContaining("/usr/local"),
        ]);
        for (const path of others) expect(gateway.simulator.store.read(path)?.toString()).toBe("untouched");
      }),
      { numRuns: 400 },
    );
    expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 400, 404]));
  },
);
