import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { noon, startSimulator } from "../testing/simulators.ts";

const ask = async (robin: RobinSimulator, target: string, method = "GET") =>
  (await sendRaw(robin.serviceUrl, { method, target, headers: { Accept: "application/openmetrics-text" } })) ?? {
    status: 0,
    headers: [],
    body: "",
  };

function valueOf(body: string, name: string): number {
  const [, value] = new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, "m").exec(body) ?? [];
  return Number(value);
}

describe("GET /metrics/prometheus", () => {
  it("200 text in Micrometer's classic form, whatever is asked for, by any method", async () => {
    const robin = await startSimulator();
    const answer = await ask(robin, "/metrics/prometheusX", "POST");
    expect(answer.headers).toContainEqual(["Content-type", "text/plain; charset=utf-8"]);
    expect(answer.body).toContain(
      "# HELP robin_email_receipt_start_total Number of email receipt connections started\n# TYPE robin_email_receipt_start_total counter\nrobin_email_receipt_start_total 0.0\n",
    );
    expect(answer.body).toContain('robin_email_receipt_exception_total{exception_type="Exception"} 0.0\n');
    expect(answer.body).toContain('jvm_memory_max_bytes{area="heap",id="G1 Old Gen"} 5.36870912E8\n');
    expect(answer.body).toContain("jvm_gc_live_data_size_bytes NaN\n");
    expect(answer.body).toMatch(/^jvm_gc_pause_seconds_count\{.*\} 0$/m);
    expect(answer.body.match(/^# TYPE robin_/gm)).toHaveLength(17);
    expect([...answer.body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)).toEqual(
      [...answer.body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name).sort(),
    );
  });

  it("counters grow with the clock and never fall, whatever the pace", async () => {
    const clock = createManualClock(noon);
    const robin = await startSimulator({ clock });
    const seen: number[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      clock.advance(60_000);
      seen.push(valueOf((await ask(robin, "/metrics/prometheus")).body, "robin_email_receipt_start_total"));
    }
    const steps = seen.slice(1).map((value, index) => value - (seen[index] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
    expect(new Set(steps).size).toBeGreaterThan(5);
    expect(seen.at(-1)).toBeGreaterThan(1000);
  });

  it("the same seed and clock give the same numbers; another seed gives others", async () => {
    const bodies = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const clock = createManualClock(noon);
        const robin = await startSimulator({ seed, clock });
        clock.advance(3_600_000);
        return (await ask(robin, "/metrics/prometheus")).body;
      }),
    );
    expect(bodies[0]).toBe(bodies[1]);
    expect(bodies[0]).not.toBe(bodies[2]);
  });
});

describe("GET /metrics/graphite", () => {
  it("trap 43: names repeat without labels, counters have no _total, times are milliseconds", async () => {
    const clock = createManualClock(noon);
    const robin = await startSimulator({ clock });
    clock.advance(600_000);
    const { body } = await ask(robin, "/metrics/graphite");
    expect(body.match(/^jvm_memory_used /gm)?.length).toBeGreaterThan(1);
    expect(body).toMatch(/^robin_email_receipt_start \d+\.0 1795435800$/m);
    expect(body).toMatch(/^jvm_gc_pause 25\.0 1795435800$/m);
    expect(body).not.toMatch(/_total /);
  });

  it("trap 43: there are no queue or delivery metrics, whatever is in the queue", async () => {
    const { body } = await ask(await startSimulator({ items: 5 }), "/metrics/prometheus");
    expect(body).not.toMatch(/^\w*(queue|deliver|outbound)/m);
  });
});

it("GET /metrics and below is a page of charts", async () => {
  const robin = await startSimulator({ serviceAuth: { type: "basic", value: "a:b" } });
  expect((await ask(robin, "/metrics/foo")).status).toBe(401);
  expect((await ask(await startSimulator(), "/metrics/foo")).body).toContain("<title>Metrics Charts</title>");
});
