import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { isLogSearchEcho, isRobinInputError, parseLogEntries } from "../../../src/index.ts";
import { expectStatus } from "../expectations.ts";
import { collect, type ContractCase } from "../robin.ts";

const options = { timeZone: "UTC", now: new Date() };

export const logsCases: ContractCase[] = [
  {
    name: "trap 30: your own searches show up in the results, and can be told apart",
    needs: ["a log"],
    async run({ client }) {
      const query = randomUUID();
      const first = client.logs.search({ query });
      const lines = await collect(first);
      for (const line of lines) expect(line).toContain(query);
      expect(first.outcome()).toMatchObject({ truncated: false, lines: lines.length, sawItself: true, cutLines: 0 });
      const entries = await collect(parseLogEntries(client.logs.search({ query }), options));
      expect(entries.length).toBeGreaterThan(lines.length);
      for (const entry of entries) expect(entry).toMatchObject({ kind: "entry", thread: "HTTP-Dispatcher" });
      expect(entries.filter((entry) => entry.kind === "entry" && !isLogSearchEcho(entry))).toEqual([]);
    },
  },
  {
    name: "the query is text: encoded once, with case, without patterns",
    needs: ["a log"],
    async run({ client }) {
      const query = `a+b 100%25 | "ü" [.*] ${randomUUID()}`;
      const search = client.logs.search({ query });
      const lines = await collect(search);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toContain(query);
      expect(search.outcome()?.sawItself).toBe(true);
    },
  },
  {
    name: "trap 30: no limit at Robin: the cap ends a search at the end of a line and says so",
    needs: ["a log"],
    async run({ client }) {
      const query = "Searching logs for query";
      await collect(client.logs.search({ query: `${query} ${randomUUID()}` }));
      const search = client.logs.search({ query }, { bytesMax: 10 });
      expect(await collect(search)).toEqual([]);
      expect(search.outcome()).toMatchObject({ truncated: true, lines: 0, bytes: 0 });
    },
  },
  {
    name: "trap 30: usage text with 200 when the query is blank: the SDK refuses it at once",
    run({ client }) {
      const search = () => client.logs.search({ query: " " });
      expect(search).toThrow(expect.objectContaining({ field: "query" }));
      try {
        search();
      } catch (error) {
        expect(isRobinInputError(error)).toBe(true);
      }
      return Promise.resolve();
    },
  },
  {
    name: "500 without a log, which is no reason to leave the port alone",
    needs: ["no log"],
    async run({ client }) {
      for (let round = 0; round < 6; round += 1) await expectStatus(collect(client.logs.search({ query: "x" })), 500);
      expect(client.breakers().client).toBe("closed");
    },
  },
  {
    name: "401 is an http error of the iteration",
    needs: ["credentials"],
    async run({ stranger }) {
      await expectStatus(collect(stranger.logs.search({ query: "x" })), 401);
    },
  },
];
