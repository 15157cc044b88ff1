import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { expectRefusal, expectStatus } from "../expectations.ts";
import type { ContractCase } from "../robin.ts";

/** Every character that a path loses when it is not encoded twice. */
const oddName = (): string => `a+b 100%25 ü&?#=.${randomUUID()}@contract.test`;

export const usersCases: ContractCase[] = [
  {
    name: "list is sorted without regard to case, and every name in it exists",
    needs: ["users"],
    async run({ client }) {
      const { source, users } = await client.users.list();
      expect(["config", "sql"]).toContain(source);
      expect(users).toEqual(users.toSorted((a, b) => compare(a.toLowerCase(), b.toLowerCase())));
      for (const username of users.slice(0, 3))
        expect(await client.users.exists({ username })).toEqual({ source, username, exists: true });
    },
  },
  {
    name: "trap 3: path segments under /users/*/exists are decoded twice: every character arrives",
    needs: ["users"],
    async run({ client }) {
      const username = oddName();
      expect(await client.users.exists({ username })).toMatchObject({ username, exists: false });
      await expectRefusal(client.users.exists({ username: "a/b" }), "username");
    },
  },
  {
    name: "trap 31: a wrong password and an unknown user are both 200 with authenticated:false",
    needs: ["users"],
    async run({ client }) {
      const { source, users } = await client.users.list();
      const password = randomUUID();
      for (const username of [oddName(), ...users.slice(0, 1)])
        expect(await client.users.authenticate({ username, password })).toEqual({
          source,
          username,
          authenticated: false,
        });
      await expectRefusal(client.users.authenticate({ username: "a", password: " " }), "password");
    },
  },
  {
    name: "trap 32: config-backend names and passwords are case-sensitive plain text",
    needs: ["users", "the demo user"],
    async run({ client }) {
      const is = async (username: string, password: string): Promise<boolean> =>
        (await client.users.authenticate({ username, password })).authenticated;
      expect(await is("tony@example.com", "stark")).toBe(true);
      expect(await is("tony@example.com", "Stark")).toBe(false);
      expect(await is("Tony@example.com", "stark")).toBe(false);
      expect((await client.users.exists({ username: "Tony@example.com" })).exists).toBe(false);
    },
  },
  {
    name: "trap 31: without a backend every route is 503, which is no reason to leave the port alone",
    needs: ["no users backend"],
    async run({ client }) {
      for (let round = 0; round < 3; round += 1) {
        await expectStatus(client.users.list(), 503);
        await expectStatus(client.users.exists({ username: "a" }), 503);
        await expectStatus(client.users.authenticate({ username: "a", password: "b" }), 503);
      }
      expect(client.breakers().client).toBe("closed");
    },
  },
  {
    name: "401 is an http error for each route",
    needs: ["credentials"],
    async run({ stranger }) {
      await expectStatus(stranger.users.list(), 401);
      await expectStatus(stranger.users.exists({ username: "a" }), 401);
      await expectStatus(stranger.users.authenticate({ username: "a", password: "b" }), 401);
    },
  },
];

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
