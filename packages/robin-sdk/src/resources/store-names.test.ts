import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestClient, type TestClient } from "../testing/stand-in.ts";
import { FolderName, StoreName } from "./store-paths.ts";

let simulator: RobinSimulator;
let client: TestClient;

beforeAll(async () => {
  simulator = await createRobinSimulator({ items: 0, mails: 0 });
  client = createTestClient(simulator.clientUrl);
});
afterAll(async () => {
  await client.close();
  await simulator.close();
});

const names = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });

it("every name that is let through names the same folder in all routes, and nothing else", async () => {
  const users = names.filter((name) => StoreName.safeParse(name).success);
  const folders = names.filter((name) => FolderName.safeParse(name).success);
  await fc.assert(
    fc.asyncProperty(users, folders, async (user, name) => {
      const account = { domain: "example.com", user };
      await client.store.folders.create({ ...account, name });
      const { entries } = await client.store.list({ path: `example.com/${user}` });
      expect(entries.map((entry) => entry.name)).toEqual([name.startsWith(".") ? name : `.${name}`]);
      expect(await client.store.messages.markAllRead({ ...account, folder: name })).toEqual({ count: 0 });
      await client.store.folders.delete({ ...account, folder: name });
      expect((await client.store.list({ path: `example.com/${user}` })).entries).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
