import { describe, expect, it } from "vitest";
import { createSupervisor } from "./supervisor.ts";

function part(name: string, stopped: string[]) {
  const { promise: exited, resolve } = Promise.withResolvers<string>();
  const stop = () => {
    stopped.push(name);
    resolve("exit code 0");
    return Promise.resolve();
  };
  return { name, exited, stop, die: resolve };
}

describe("supervisor", () => {
  it("stops the parts in the opposite order of their start", async () => {
    const supervisor = createSupervisor();
    const stopped: string[] = [];
    for (const name of ["database", "worker", "gateway"]) supervisor.add(part(name, stopped));
    supervisor.end();
    await supervisor.stopAll();
    expect(stopped).toEqual(["gateway", "worker", "database"]);
    expect(await supervisor.ended).toBeUndefined();
  });

  it("names the part whose end is everybody's end", async () => {
    const supervisor = createSupervisor();
    const worker = part("worker", []);
    supervisor.add(worker);
    expect(supervisor.isOver()).toBe(false);
    worker.die("signal SIGKILL");
    expect((await supervisor.ended)?.message).toBe(
      "The worker ended by itself (signal SIGKILL), so everything is stopped.",
    );
    expect(supervisor.isOver()).toBe(true);
  });

  it("keeps the first reason", async () => {
    const supervisor = createSupervisor();
    supervisor.end();
    supervisor.end(new Error("too late"));
    expect(await supervisor.ended).toBeUndefined();
  });
});
