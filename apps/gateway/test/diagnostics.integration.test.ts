import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 0 } });
  admin = await gateway.signIn("ROLE_ADMIN");
});
afterAll(() => gateway.close());

interface Entries {
  entries: { name: string; value: string }[];
}
const get = (path: string, { token } = admin) => gateway.request(`/api/v1/diagnostics/${path}`, { token });

describe("GET /api/v1/diagnostics/env", () => {
  it("200 with the variables by name, their secrets masked and their lines whole", async () => {
    const answer = await get("env");
    expect(answer.status).toBe(200);
    const { entries } = answer.body as Entries;
    expect(entries.map(({ name }) => name)).toEqual(entries.map(({ name }) => name).sort());
    const values = Object.fromEntries(entries.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({ ROBIN_DB_PASSWORD: "********", EMPTY: "", LANG: "C.UTF-8" });
    expect(values.GREETING).toContain("\n");
    expect(answer.text).not.toContain("s3cret");
  });
});

describe("GET /api/v1/diagnostics/properties", () => {
  it("200 with Java's properties", async () => {
    const { entries } = (await get("properties")).body as Entries;
    expect(entries).toContainEqual({ name: "java.specification.version", value: "21" });
  });
});

describe("GET /api/v1/diagnostics/threads", () => {
  it("200 with name, state and stack", async () => {
    const { threads } = (await get("threads")).body as { threads: { name: string; state: string; frames: string[] }[] };
    expect(threads.find(({ name }) => name === "HTTP-Dispatcher")).toMatchObject({ state: "RUNNABLE" });
    expect(threads.some(({ frames }) => frames.length > 0)).toBe(true);
  });
});

describe.each(["env", "properties", "threads"])("GET /api/v1/diagnostics/%s", (path) => {
  it("403 for an operator", async () => {
    expectError(await get(path, await gateway.signIn("ROLE_OPERATOR")), 403, "forbidden");
  });
});

describe("GET /api/v1/diagnostics/heapdump", () => {
  it("404, because asking would write a file on Robin's disk", async () => {
    expectError(await get("heapdump"), 404, "not_found");
    expect(gateway.simulator.requests.filter(({ target }) => target.includes("heapdump"))).toEqual([]);
  });
});
