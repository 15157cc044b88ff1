import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ simulator: { items: 42 } });
});
afterAll(() => gateway.close());

describe("GET /api/v1/queue", () => {
  it("200 with every item once, its state, and the totals", async () => {
    const { token } = await gateway.signIn("ROLE_USER");
    const answer = await gateway.request("/api/v1/queue?limit=1000", { token });
    expect(answer.status).toBe(200);
    const { items, totals, total } = answer.body as { items: { uid: string }[]; totals: object; total: number };
    expect(totals).toEqual(gateway.simulator.queue.counts());
    expect(total).toBe(42);
    expect(new Set(items.map(({ uid }) => uid)).size).toBe(42);
  });
});
