import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  token = (await gateway.signIn()).token;
});
afterAll(() => gateway.close());

async function create(path: string, body: object): Promise<number> {
  const answer = await gateway.request(path, { token, body });
  expect(answer.status, answer.text).toBe(200);
  return (answer.body as { id: number }).id;
}

describe("paths of the former gateway", () => {
  it("200 for aliases under the domains, listed, by domain, read and deleted", async () => {
    const domainId = await create("/api/v1/domains", { domain: "example.com" });
    const otherId = await create("/api/v1/domains", { domain: "example.net" });
    const input = { source: "info@example.com", destinations: ["anna@example.com"] };
    const id = await create("/api/v1/domains/aliases", input);
    const count = async (path: string) => {
      const answer = await gateway.request(path, { token });
      expect(answer.status, answer.text).toBe(200);
      return (answer.body as { total: number }).total;
    };
    expect(await count("/api/v1/domains/aliases")).toBe(1);
    expect(await count(`/api/v1/domains/${domainId}/aliases?limit=5`)).toBe(1);
    expect(await count(`/api/v1/domains/${otherId}/aliases`)).toBe(0);
    expect((await gateway.request(`/api/v1/domains/aliases/${id}`, { token })).body).toMatchObject(input);
    expect((await gateway.request(`/api/v1/domains/aliases/${id}`, { token, method: "DELETE" })).status).toBe(200);
    expect(await count("/api/v1/domains/aliases")).toBe(0);
  });

  it("401 and 403 there as at the path itself", async () => {
    expect((await gateway.request("/api/v1/domains/aliases")).status).toBe(401);
    const user = await gateway.signIn("ROLE_USER");
    expect((await gateway.request("/api/v1/domains/aliases", { token: user.token })).status).toBe(403);
  });

  it.each([
    ["/actuator/health", { status: "UP" }],
    ["/actuator/info", { app: { name: "robin-gateway" } }],
    ["/api/v1/health/public", { status: "UP" }],
    ["/v3/api-docs", { openapi: "3.1.0" }],
  ])("200 without a sign-in at %s", async (path, body) => {
    const answer = await gateway.request(path);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject(body);
  });

  it("no other path changes on its way", async () => {
    for (const path of ["/api/v1/domains/x/aliases", "/api/v1/domains/aliases/x/y", "/x/api/v1/domains/aliases"])
      expect((await gateway.request(path, { token })).status, path).toBe(404);
  });
});
