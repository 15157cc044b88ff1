import type { LogSearch, RobinClient } from "@robin/sdk";
import { describe, expect, it } from "vitest";
import { createLogReader, type LogRead } from "./log-reader.ts";

const request = (signal?: AbortSignal): LogRead => ({
  term: "x",
  bytesMax: 1000,
  options: { timeoutMs: 60_000, ...(signal && { signal }) },
});
const ignore = () => undefined;

/** A Robin whose answers end when the test says so. */
function heldRobin() {
  const ends: (() => void)[] = [];
  const search: RobinClient["logs"]["search"] = () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    ends.push(() => {
      resolve(undefined);
    });
    async function* lines(): AsyncGenerator<string> {
      await promise;
      yield "a line";
    }
    const outcome = { truncated: false, bytes: 7, lines: 1, invalidLines: 0, cutLines: 0, sawItself: true };
    return { [Symbol.asyncIterator]: lines, outcome: () => outcome } satisfies LogSearch;
  };
  return { reader: createLogReader({ logs: { search } }, "UTC"), ends };
}

describe("createLogReader", () => {
  it("forgets who leaves while waiting, without asking Robin, and goes on with the next", async () => {
    const { reader, ends } = heldRobin();
    const first = reader.read(request(), ignore);
    const leaving = new AbortController();
    const left = reader.read(request(leaving.signal), ignore);
    const third = reader.read(request(), ignore);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: "client_closed_request" });
    ends[0]?.();
    await first;
    ends[1]?.();
    expect(await third).toMatchObject({ lines: 1 });
    expect(ends).toHaveLength(2);
  });

  it("gives the place to the next also when the reading of a line fails", async () => {
    const { reader, ends } = heldRobin();
    const failing = reader.read(request(), () => Promise.reject(new Error("disk full")));
    const next = reader.read(request(), ignore);
    ends[0]?.();
    await expect(failing).rejects.toThrow("disk full");
    ends[1]?.();
    await next;
  });
});
