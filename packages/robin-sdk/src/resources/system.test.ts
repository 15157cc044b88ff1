import { createRobinSimulator } from "@robin/simulator";
import { describe, expect, it } from "vitest";
import { isRobinError } from "../index.ts";
import { createTestClient, rejection } from "../testing/stand-in.ts";
import { parseSystemEntries, parseThreads } from "./system.text.ts";

describe("system", () => {
  it("reads environment, properties and threads, each on a connection of its own", async () => {
    const simulator = await createRobinSimulator({ items: 0 });
    await using client = createTestClient(simulator.clientUrl, { serviceApi: { url: simulator.serviceUrl } });
    const env = new Map((await client.system.env()).map(({ name, value }) => [name, value]));
    expect(env.get("ROBIN_DB_PASSWORD")).toBe("s3cret=with=equals");
    expect(env.get("GREETING")).toBe("first line\nsecond line, no = name here\n");
    expect(env.get("EMPTY")).toBe("");
    const properties = new Map((await client.system.properties()).map(({ name, value }) => [name, value]));
    expect([properties.get("line.separator"), properties.get("java.version")]).toEqual(["\n", "21.0.9"]);
    const threads = await client.system.threads();
    expect(threads.map(({ name, id }) => `${name} ${id}`)).toContain('odd "name" #1 40');
    expect(threads.find(({ name }) => name === "Signal Dispatcher")).toEqual({
      name: "Signal Dispatcher",
      id: 14,
      state: "RUNNABLE",
      frames: [],
    });
    expect(threads.find(({ name }) => name === "HTTP-Dispatcher")?.frames).toHaveLength(2);
    expect(simulator.requests.every(({ headers }) => headers.connection === "close")).toBe(true);
    await simulator.close();
  });

  it("trap 43: the heap dump, which acts on GET, has no method", async () => {
    await using client = createTestClient("http://127.0.0.1:9");
    expect(Object.keys(client.system).sort()).toEqual(["env", "properties", "threads"]);
  });

  it("trap 1: the landing page of a wrong path is no answer", async () => {
    const simulator = await createRobinSimulator({ items: 0 });
    simulator.faults.set({ port: "service", route: "*", fault: { kind: "html" } });
    await using client = createTestClient(simulator.serviceUrl, { serviceApi: { url: simulator.serviceUrl } });
    for (const call of [client.system.env(), client.system.properties(), client.system.threads()]) {
      expect(await rejection(call, isRobinError)).toMatchObject({ kind: "invalid-response" });
    }
    await simulator.close();
  });

  it("text that is neither is refused", () => {
    expect(() => parseSystemEntries("no entry")).toThrow();
    expect(() => parseThreads("no thread")).toThrow();
    expect(() => parseThreads("   at a frame without a thread")).toThrow();
    expect(parseSystemEntries("")).toEqual([]);
    expect(parseSystemEntries("a=1\r\nb=2\r\n")).toEqual([
      { name: "a", value: "1" },
      { name: "b", value: "2\n" },
    ]);
  });
});
