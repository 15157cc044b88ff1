import { expect } from "vitest";
import { ConfigSection } from "../../../src/index.ts";
import { expectStatus } from "../expectations.ts";
import type { ContractCase } from "../robin.ts";

export const configCases: ContractCase[] = [
  {
    name: "sections are properties, server, then the others, by name",
    async run({ client }) {
      const sections = await client.config.sections();
      expect(sections.map((section) => ConfigSection.parse(section))).toEqual(sections);
      const names = sections.map(({ name }) => name);
      expect(names.slice(0, 2)).toEqual(["properties", "server"]);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toContain("storage");
      expect(sections.map(({ title }) => title.toLowerCase())).toEqual(names);
    },
  },
  {
    name: "traps 9 and 40: numbers look like 25.0, secrets are in clear",
    async run({ client }) {
      const sections = await client.config.sections();
      const server = sections.find(({ name }) => name === "server")?.values;
      const { api, smtpPort } = server as { api?: { port?: number; authValue?: string }; smtpPort?: number };
      expect(Number.isInteger(api?.port)).toBe(true);
      expect(Number.isInteger(smtpPort)).toBe(true);
      expect(api?.authValue).toEqual(expect.any(String));
      expect(JSON.stringify(sections)).not.toContain("&quot;");
    },
  },
  {
    name: "trap 41: /config/reload reports OK, and the sections are still there",
    async run({ client }) {
      const namesOf = async () => (await client.config.sections()).map(({ name }) => name);
      const before = await namesOf();
      await expect(client.config.reload()).resolves.toBeUndefined();
      expect(await namesOf()).toEqual(before);
    },
  },
  {
    name: "trap 12: changing auth needs a restart: the credentials outlive a reload",
    needs: ["credentials of its service port"],
    async run({ client, stranger }) {
      await client.config.reload();
      await client.config.syncStatus();
      await expectStatus(stranger.config.syncStatus(), 401);
    },
  },
  {
    name: "the sync status says whether there is a store, and lists files",
    async run({ client }) {
      const status = await client.config.syncStatus();
      expect(status).toMatchObject({
        enabled: expect.any(Boolean) as boolean,
        appliedFiles: expect.any(Array) as string[],
        skippedFiles: expect.any(Array) as object[],
      });
      if (!status.enabled) expect(status).not.toHaveProperty("lastSuccessAt");
    },
  },
  {
    name: "401 is an http error for each route",
    needs: ["credentials of its service port"],
    async run({ stranger }) {
      await expectStatus(stranger.config.sections(), 401);
      await expectStatus(stranger.config.reload(), 401);
      await expectStatus(stranger.config.syncStatus(), 401);
    },
  },
];
