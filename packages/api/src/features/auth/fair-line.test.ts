import { describe, expect, it } from "vitest";
import { createFairLine } from "./fair-line.ts";

const refused = { code: "rate_limited", retryAfterSeconds: 5 };

/** A line whose jobs end when a test says so. */
function lineOf(waitingMax: number) {
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const line = createFairLine<string, string>({
    waitingMax,
    run: (job) => {
      begun.push(job);
      return new Promise((resolve, reject) => {
        ends.push((error) => {
          if (error) reject(error);
          else resolve(`${job} done`);
        });
      });
    },
  });
  /** Ends the job at hand; the next one has begun afterwards. */
  const endOne = async (error?: Error) => {
    ends.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...line, begun, endOne };
}

describe("createFairLine", () => {
  it("does one job at a time and returns what each gave", async () => {
    const { add, begun, endOne } = lineOf(5);
    const results = [add("first"), add("second")];
    expect(begun).toEqual(["first"]);
    await endOne();
    expect(begun).toEqual(["first", "second"]);
    await endOne();
    expect(await Promise.all(results)).toEqual(["first done", "second done"]);
  });

  it("goes on after a job that failed", async () => {
    const { add, endOne } = lineOf(5);
    const failing = expect(add("first")).rejects.toThrow("broken");
    const second = add("second");
    await endOne(new Error("broken"));
    await endOne();
    await failing;
    expect(await second).toBe("second done");
  });

  it("lets callers take turns, whoever asked more", async () => {
    const { add, begun, endOne } = lineOf(9);
    for (const job of ["a1", "a2", "a3", "a4"]) void add(job, { caller: "a" });
    for (const job of ["b1", "b2"]) void add(job, { caller: "b" });
    void add("c1", { caller: "c" });
    for (let ended = 1; ended <= 6; ended += 1) await endOne();
    expect(begun).toEqual(["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
  });

  it("refuses what is too much, with a word about when to come back", async () => {
    const { add } = lineOf(2);
    for (const job of ["a1", "a2", "a3"]) void add(job, { caller: "a" });
    await expect(add("a4", { caller: "a" })).rejects.toMatchObject(refused);
  });

  it("has room for a newcomer: whoever fills the line loses the last place", async () => {
    const { add, begun, endOne } = lineOf(3);
    const ofA = ["a1", "a2", "a3", "a4"].map((job) => add(job, { caller: "a" }));
    const ofB = add("b1", { caller: "b" });
    await expect(ofA[3]).rejects.toMatchObject(refused);
    for (let ended = 1; ended <= 4; ended += 1) await endOne();
    expect(begun).toEqual(["a1", "a2", "b1", "a3"]);
    expect(await ofB).toBe("b1 done");
  });

  it("serves first who goes first, and has room for them while others wait", async () => {
    const { add, begun, endOne } = lineOf(3);
    const strangers = ["a", "b", "c", "d"].map((caller) => add(caller, { caller }));
    const known = [add("e", { caller: "e", goesFirst: true }), add("f", { caller: "f", goesFirst: true })];
    await expect(add("g", { caller: "g" })).rejects.toMatchObject(refused);
    const outcomes = Promise.allSettled(strangers);
    for (let ended = 1; ended <= 4; ended += 1) await endOne();
    expect(begun).toEqual(["a", "e", "f", "b"]);
    expect(await Promise.all(known)).toEqual(["e done", "f done"]);
    const refusals = (await outcomes).map((outcome) => outcome.status === "rejected" && (outcome.reason as object));
    expect(refusals).toEqual([false, false, expect.objectContaining(refused), expect.objectContaining(refused)]);
  });

  it("refuses also who goes first when only such wait", async () => {
    const { add } = lineOf(1);
    for (const caller of ["a", "b"]) void add(caller, { caller, goesFirst: true });
    await expect(add("c", { caller: "c", goesFirst: true })).rejects.toMatchObject(refused);
  });

  it("passes over those who have gone", async () => {
    const { add, begun, endOne } = lineOf(5);
    const gone = new AbortController();
    void add("first");
    const left = expect(add("second", { signal: gone.signal })).rejects.toMatchObject({
      code: "client_closed_request",
    });
    void add("third");
    gone.abort();
    await endOne();
    await left;
    expect(begun).toEqual(["first", "third"]);
  });
});
