import { expect } from "vitest";
import { SystemEntry, SystemThread } from "../../../src/index.ts";
import { expectStatus } from "../expectations.ts";
import type { ContractCase } from "../robin.ts";

export const systemCases: ContractCase[] = [
  {
    name: "env and properties are named values, values with line breaks in one piece",
    async run({ client }) {
      const [env, properties] = [await client.system.env(), await client.system.properties()];
      for (const entry of [...env, ...properties]) {
        expect(SystemEntry.parse(entry)).toEqual(entry);
        expect(entry.name).toMatch(/^[^=\r\n]+$/);
      }
      const valueOf = (name: string) => properties.find((entry) => entry.name === name)?.value;
      expect(valueOf("java.version")).toMatch(/^\d+/);
      expect(valueOf("line.separator")).toBe("\n");
      expect(env.some(({ name }) => name === "PATH")).toBe(true);
    },
  },
  {
    name: "threads have ids, states and stacks, the one that answers among them",
    async run({ client }) {
      const threads = await client.system.threads();
      for (const thread of threads) expect(SystemThread.parse(thread)).toEqual(thread);
      expect(new Set(threads.map(({ id }) => id)).size).toBe(threads.length);
      const answering = threads.filter(({ name, state }) => name === "HTTP-Dispatcher" && state === "RUNNABLE");
      expect(answering.some(({ frames }) => frames.length > 0)).toBe(true);
    },
  },
  {
    name: "401 is an http error for each route",
    needs: ["credentials of its service port"],
    async run({ stranger }) {
      await expectStatus(stranger.system.env(), 401);
      await expectStatus(stranger.system.properties(), 401);
      await expectStatus(stranger.system.threads(), 401);
    },
  },
];
