import { describe, expect, it } from "vitest";
import { createMeters } from "./meters.ts";

describe("the worker's metrics", () => {
  it("tell how long jobs took, how they ended, and Robin's time that polling took up", async () => {
    const { registry, onJob } = createMeters({ counts: () => Promise.resolve(new Map()) });
    onJob({ name: "queue.poll", outcome: "done", durationMs: 40, result: { robinMs: 250, pages: 3 } });
    onJob({ name: "queue.poll", outcome: "done", durationMs: 60, result: { robinMs: 250, pages: 3 } });
    onJob({ name: "sessions.cleanUp", outcome: "failed", durationMs: 7000 });
    const text = await registry.metrics();
    expect(text).toContain('worker_job_duration_seconds_count{name="queue.poll",outcome="done"} 2');
    expect(text).toContain('worker_job_duration_seconds_bucket{le="5",name="sessions.cleanUp",outcome="failed"} 0');
    expect(text).toContain('worker_job_duration_seconds_bucket{le="10",name="sessions.cleanUp",outcome="failed"} 1');
    expect(text).toContain("worker_queue_poll_robin_seconds_total 0.5");
  });

  it("tell what waits, and nothing of it while the server is away", async () => {
    const counts = { waiting: 2, delayed: 1, active: 0, completed: 10, failed: 3 };
    let isAway = false;
    const { registry } = createMeters({
      counts: () => (isAway ? Promise.reject(new Error("away")) : Promise.resolve(new Map([["queue.bulk", counts]]))),
    });
    expect(await registry.metrics()).toContain('worker_jobs{name="queue.bulk",state="waiting"} 2');
    isAway = true;
    expect(await registry.metrics()).not.toContain("worker_jobs{");
  });
});
