import { expect, it } from "vitest";
import { createManualClock } from "./clock.ts";
import { sendRaw } from "./testing/raw-http.ts";
import { noon, startSimulator } from "./testing/simulators.ts";

/** What a live Robin answered, in this order, to a queue of 17 READY items; UIDs are shortened to letters. */
const recorded: readonly (readonly [operation: string, body: string, answer: string])[] = [
  ["delete", '{"uid": "a"}', '{"queueSize":16,"deletedCount":1,"status":"OK"}'],
  ["delete", '{"uid": "a"}', '{"queueSize":16,"deletedCount":0,"status":"OK"}'],
  ["delete", '{"uids": ["b", "b", "c", "nope"]}', '{"queueSize":14,"deletedCount":2,"status":"OK"}'],
  ["delete", '{"uid": "nope", "uids": ["d"]}', '{"queueSize":14,"deletedCount":0,"status":"OK"}'],
  ["retry", '{"uid": "d"}', '{"queueSize":14,"retriedCount":1,"status":"OK"}'],
  ["retry", '{"uids": ["e", "e"]}', '{"queueSize":14,"retriedCount":2,"status":"OK"}'],
  ["retry", '{"uids": ["f", "g"]}', '{"queueSize":14,"retriedCount":2,"status":"OK"}'],
  ["bounce", '{"uid": "h"}', '{"queueSize":13,"bouncedCount":1,"status":"OK"}'],
  ["bounce", '{"uids": ["i", "i", "j"]}', '{"queueSize":11,"bouncedCount":3,"status":"OK"}'],
  ["bounce", '{"uid": "nope"}', '{"queueSize":11,"bouncedCount":0,"status":"OK"}'],
  ["bounce", '{"uid": "h"}', '{"queueSize":11,"bouncedCount":1,"status":"OK"}'],
  ["retry", '{"uid": "h"}', '{"queueSize":12,"retriedCount":1,"status":"OK"}'],
  ["delete", '{"uid": "i"}', '{"queueSize":12,"deletedCount":1,"status":"OK"}'],
];

it("a recorded session of queue operations gets the same answers and leaves the same queue", async () => {
  const robin = await startSimulator({ clock: createManualClock(noon) });
  for (const uid of "abcdefghijklmnopq") robin.queue.add({ uid });
  for (const [operation, body, expected] of recorded) {
    const answer = await sendRaw(robin.clientUrl, { method: "POST", target: `/client/queue/${operation}`, body });
    expect([operation, body, answer?.status, answer?.body]).toEqual([operation, body, 200, expected]);
  }
  const list = async (query: string): Promise<string> => {
    const answer = await sendRaw(robin.clientUrl, { target: `/client/queue/list?${query}` });
    return [...(answer?.body ?? "").matchAll(/row-checkbox' data-uid='(\w)'/g)].map((match) => match[1]).join("");
  };
  expect(await list("")).toBe("defghklmnopq");
  expect(await list("state=DEAD")).toBe("j");
  expect(await list("retryMin=1")).toBe("defgh");
  expect(await list("retryMin=2&retryMax=2")).toBe("e");
  const health = await sendRaw(robin.serviceUrl, { target: "/health" });
  expect(health?.body).toContain(
    '"queue":{"size":12,"ready":12,"claimed":0,"dead":1,"oldestReadyAtEpochSeconds":1795435200,"oldestClaimedAtEpochSeconds":0,"reschedules":0}',
  );
});
