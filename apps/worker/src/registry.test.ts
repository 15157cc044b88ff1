import { contracts } from "@robin/jobs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testJob } from "../test/test-job.ts";
import { defineHandler } from "./handler.ts";
import { createRegistry, loadHandlers, RegistryError } from "./registry.ts";

const one = testJob({ name: "test.one" });
const two = testJob({ name: "test.two" });
const nothing = () => Promise.resolve();

describe("the registry", () => {
  it("gives each contract its handler", () => {
    const handlers = [defineHandler(two, nothing), defineHandler(one, nothing)];
    expect(createRegistry([one, two], handlers)).toEqual(handlers);
  });

  it("has a handler for every contract of this program", async () => {
    const registry = createRegistry(Object.values(contracts), await loadHandlers());
    const names = registry.map(({ contract }) => contract.name);
    expect(names.sort()).toEqual(
      Object.values(contracts)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("refuses a contract without a handler", () => {
    expect(() => createRegistry([one, two], [defineHandler(one, nothing)])).toThrow(
      new RegistryError("The worker's jobs do not fit together: test.two has no handler."),
    );
  });

  it("refuses two handlers for a contract, and names all problems", () => {
    const handlers = [defineHandler(one, nothing), defineHandler(one, nothing)];
    expect(() => createRegistry([one, two], handlers)).toThrow("test.one has two handlers, test.two has no handler");
  });

  it("refuses two contracts with one name, and a handler of no contract", () => {
    expect(() => createRegistry([one, { ...one }], [defineHandler(one, nothing)])).toThrow(
      "test.one has two contracts",
    );
    expect(() => createRegistry([], [defineHandler(two, nothing)])).toThrow("test.two has a handler but no contract");
  });
});

describe("loading handlers", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "handlers-"));
    const handler = (name: string) => `export const handler = { contract: { name: "${name}" }, run: async () => {} };`;
    await writeFile(path.join(folder, "b.ts"), handler("test.b"));
    await writeFile(path.join(folder, "a.ts"), `${handler("test.a")}\nexport const limit = 1;`);
    await writeFile(path.join(folder, "a.test.ts"), "throw new Error('tests are not handlers');");
    await writeFile(path.join(folder, "a.integration.test.ts"), "throw new Error('tests are not handlers');");
    await writeFile(path.join(folder, "notes.md"), "no code");
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("takes what the folder's files export, and no tests", async () => {
    const handlers = await loadHandlers(folder);
    expect(handlers.map(({ contract }) => contract.name)).toEqual(["test.a", "test.b"]);
  });
});
