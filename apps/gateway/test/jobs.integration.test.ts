import { connectJobs, contracts, openQueues } from "@robin/jobs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";

describe("GET /gateway/jobs", () => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ simulator: { items: 0 } });
    token = (await gateway.signIn("ROLE_ADMIN")).token;
  });
  afterAll(() => gateway.close());
  const get = (who = token) => gateway.request("/api/v1/gateway/jobs", { token: who });

  it("503 while the server that keeps the jobs is away, and 200 when it is there", async () => {
    // Whose token it is was looked up before.
    await gateway.request("/api/v1/auth/me", { token });
    gateway.databaseProxy.cut();
    expect((await get()).status).toBe(503);
    gateway.databaseProxy.restore();
    expect((await get()).status).toBe(200);
  });

  it("200 with each job, its schedule and its failures", async () => {
    const connection = await connectJobs(gateway);
    const queues = await openQueues(connection, Object.values(contracts), { onError: () => undefined });
    await queues.schedule();
    const worker = connection.createWorker("queue.poll", () => Promise.reject(new Error("went wrong")), {});
    await new Promise<void>((resolve) =>
      worker.on("failed", () => {
        resolve();
      }),
    );
    await worker.close();
    const { jobs } = (await get()).body as { jobs: Record<string, unknown>[] };
    expect(jobs.map(({ name }) => name)).toEqual(
      Object.values(contracts)
        .map(({ name }) => name)
        .sort(),
    );
    expect(jobs.find(({ name }) => name === "queue.poll")).toMatchObject({
      everySeconds: 5,
      nextAt: expect.any(String) as string,
      counts: { active: 0, failed: 1 },
      failures: [{ reason: "went wrong", attempts: 1 }],
    });
    expect(jobs.find(({ name }) => name === "sessions.cleanUp")).toMatchObject({ everySeconds: 3600, failures: [] });
    await queues.close();
    await connection.close();
  });

  it("403 when the role lacks MANAGE_SERVER_CONFIG", async () => {
    expect((await get((await gateway.signIn("ROLE_OPERATOR")).token)).status).toBe(403);
  });
});
