import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type BlocklistGateway,
  type ChangedBody,
  createRobinFolder,
  type ImportBody,
  type RobinFolder,
  shippedFile,
  startBlocklistGateway,
} from "./blocklist-support.ts";

let folder: RobinFolder;
let gateway: BlocklistGateway;
beforeEach(async () => {
  folder = await createRobinFolder();
  gateway = await start();
});
afterEach(async () => {
  await gateway.close();
  await folder.remove();
});

const start = (options: Parameters<typeof startBlocklistGateway>[0] = {}) =>
  startBlocklistGateway({
    simulator: { items: 0, config: { folder: folder.path } },
    robinConfigDir: folder.path,
    ...options,
  });
const inAMinute = () => new Date(gateway.clock.now().getTime() + 60_000).toISOString();
const change = async (method: string, path: string, body?: unknown) =>
  (await gateway.call(method, path, body)).body as ChangedBody;
const status = async () => (await gateway.call("GET", "/blocklist/status", undefined, gateway.reader)).body;
const reloads = () => gateway.simulator.requests.filter(({ target }) => target === "/config/reload").length;
const hand = "198.51.100.1";
/** As packages/api numbers it. */
const blocklistLock = 815_004;

describe("Robin's blocklist.json5", () => {
  it("has a new entry before the answer, is switched on, and Robin has read it", async () => {
    const entry = await gateway.block("192.0.2.0/24");
    expect(entry).toMatchObject({
      projected: true,
      notices: ["Blocking was off in Robin's blocklist.json5 and is on now, with all entries of that file."],
    });
    expect(await folder.value()).toEqual({
      enabled: true,
      entries: [hand, "192.0.2.0/24"],
      gatewayEntries: ["192.0.2.0/24"],
    });
    expect(await folder.text()).toContain("// the one with the newsletters");
    expect(await folder.text()).toContain("// Enable or disable connection blocking");
    expect(reloads()).toBe(1);
    expect(await gateway.block("192.0.2.1")).toMatchObject({ projected: true });
    expect(reloads()).toBe(2);
  });

  it("loses what is switched off or deleted, and nothing else", async () => {
    const [one, two, three] = [
      await gateway.block("192.0.2.1"),
      await gateway.block("2001:db8::/32"),
      await gateway.block("192.0.2.3"),
    ];
    expect(await change("PATCH", `/blocklist/${one.id}`, { active: false })).toMatchObject({ projected: true });
    expect((await folder.value()).entries).toEqual([hand, "192.0.2.3", "2001:db8::/32"]);
    await change("PATCH", `/blocklist/${two.id}`, { value: "2001:db8:1::/48" });
    expect((await folder.value()).entries).toEqual([hand, "192.0.2.3", "2001:db8:1::/48"]);
    await change("POST", "/blocklist/delete", { ids: [two.id, three.id] });
    expect(await folder.text()).toBe(shippedFile.replace("enabled: false", "enabled: true"));
    await change("PATCH", `/blocklist/${one.id}`, { active: true });
    expect((await folder.value()).entries).toEqual([hand, "192.0.2.1"]);
  });

  it("has only what is active, unexpired and no domain, by number", async () => {
    await gateway.block("192.0.2.100");
    await gateway.block("192.0.2.20", { expiresAt: inAMinute() });
    await gateway.block("192.0.2.3", { active: false });
    await gateway.block("spam.example");
    expect((await folder.value()).gatewayEntries).toEqual(["192.0.2.20", "192.0.2.100"]);
    gateway.clock.advance(60_000);
    await gateway.block("192.0.2.4");
    expect((await folder.value()).gatewayEntries).toEqual(["192.0.2.4", "192.0.2.100"]);
  });

  it("has a whole import after one reload", async () => {
    const values = Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const { body } = await gateway.upload(`value\n${values.join("\n")}\n`);
    expect(body as ImportBody).toMatchObject({ imported: 1000, projected: true });
    expect((await folder.value()).gatewayEntries).toEqual(values);
    expect(reloads()).toBe(1);
  });

  it("is not touched, nor read by Robin, for what makes no difference", async () => {
    const before = await folder.text();
    const { id } = await gateway.block("192.0.2.1", { active: false });
    await change("PATCH", `/blocklist/${id}`, { reason: "other" });
    await change("DELETE", `/blocklist/${id}`);
    expect(await folder.text()).toBe(before);
    expect(reloads()).toBe(0);
  });

  it("keeps an entry that is there by hand as well, and says so", async () => {
    const { id, projected } = await gateway.block(hand);
    expect(projected).toBe(true);
    const text = await folder.text();
    const gone = await change("DELETE", `/blocklist/${id}`);
    expect(gone.notices).toEqual([`Still blocked, since it is in Robin's blocklist.json5 by hand as well: ${hand}.`]);
    expect(await folder.text()).toBe(text);
  });

  it("keeps what an administrator wrote meanwhile", async () => {
    await gateway.block("192.0.2.1");
    const edited = (await folder.text()).replace("entries: [", `entries: [\n    "203.0.113.9", // my own`);
    await folder.write("blocklist.json5", edited);
    await gateway.block("192.0.2.2");
    expect(await folder.text()).toContain(`"203.0.113.9", // my own`);
    expect((await folder.value()).entries).toEqual(["203.0.113.9", hand, "192.0.2.1", "192.0.2.2"]);
  });

  it("ends with the table when many change it at once, through two gateways", async () => {
    const other = await start({ beside: gateway });
    const token = gateway.admin.token;
    /** Every other one goes to the second gateway. */
    const send = (index: number, path: string, options: object) =>
      (index % 2 === 0 ? gateway : other).request(path, { token, ...options });
    const values = Array.from({ length: 30 }, (_, index) => `192.0.2.${index}`);
    const answers = await Promise.all(
      values.map((value, index) => send(index, "/blocklist", { body: { value, reason: "abuse" } })),
    );
    expect(answers.map(({ status: code }) => code)).toEqual(values.map(() => 200));
    const bodies = answers.map(({ body }) => body as ChangedBody);
    expect(bodies.filter(({ projected }) => !projected)).toEqual([]);
    const gone = bodies.slice(0, 15).map(({ id }, index) => send(index, `/blocklist/${id}`, { method: "DELETE" }));
    await Promise.all(gone);
    expect((await folder.value()).gatewayEntries).toEqual(values.slice(15));
    await other.close();
  });
});

describe("a gateway that has to wait for another process", () => {
  it("writes what the table has afterwards, not what it had before", async () => {
    await gateway.block("192.0.2.1");
    const waiting = await gateway.db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${blocklistLock})`;
      const answer = gateway.block("192.0.2.2");
      await vi.waitFor(async () => {
        const rows = await tx.$queryRaw`
          SELECT 1 FROM pg_locks JOIN pg_database ON oid = database
          WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`;
        expect(rows).toHaveLength(1);
      });
      await gateway.db.blocklistEntry.deleteMany({ where: { value: "192.0.2.1" } });
      expect((await folder.value()).gatewayEntries).toEqual(["192.0.2.1"]);
      return { answer };
    });
    expect(await waiting.answer).toMatchObject({ projected: true });
    expect((await folder.value()).gatewayEntries).toEqual(["192.0.2.2"]);
  });
});

describe("when Robin cannot be told", () => {
  it("the table changes all the same, the answer says why, and the next change mends it", async () => {
    await folder.takeAway();
    const entry = await gateway.block("192.0.2.1");
    expect(entry).toMatchObject({ active: true, projected: false });
    expect(entry.notices).toEqual([
      "Robin's file could not be changed. The folder with Robin's configuration is not there.",
    ]);
    expect(await status()).toMatchObject({ configured: true, inForce: 1, problem: expect.any(String) as string });
    await folder.bringBack();
    expect(await gateway.block("192.0.2.2")).toMatchObject({ projected: true });
    expect((await folder.value()).gatewayEntries).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(await status()).toEqual({
      configured: true,
      inForce: 2,
      enabled: true,
      handWritten: 1,
      projectedAt: gateway.clock.now().toISOString(),
    });
  });

  it("a file that somebody broke by hand is left as it is, and named", async () => {
    const broken = `{ enabled: true, entries: [ "192.0.2.9" `;
    await folder.write("blocklist.json5", broken);
    const { projected, notices } = await gateway.block("192.0.2.1");
    expect(projected).toBe(false);
    expect(notices[0]).toMatch(/^Robin's file could not be changed\. blocklist\.json5, line 1: /);
    expect(await folder.text()).toBe(broken);
    expect(await status()).toMatchObject({ problem: expect.stringContaining("blocklist.json5, line 1") as string });
  });

  it("a reload that fails is told, logged once, and made up for", async () => {
    gateway.simulator.faults.set({ port: "service", route: "/config/reload", fault: { kind: "status", status: 500 } });
    const said = "The list is in Robin's file, but Robin could not be asked to read it.";
    const { projected, notices } = await gateway.block("192.0.2.1");
    expect([projected, notices.at(-1)]).toEqual([false, said]);
    expect((await folder.value()).gatewayEntries).toEqual(["192.0.2.1"]);
    expect(await gateway.block("192.0.2.2")).toMatchObject({ projected: false });
    expect(await status()).toMatchObject({ problem: said });
    const logged = gateway.logs.filter(({ msg }) => String(msg).startsWith("the blocklist could not be brought"));
    expect(logged).toHaveLength(1);
    gateway.simulator.faults.clear();
    const before = reloads();
    expect(await gateway.deps.blocklist.project()).toMatchObject({ projected: true });
    expect(reloads()).toBe(before + 1);
    await gateway.deps.blocklist.project();
    expect(reloads()).toBe(before + 1);
    expect(await status()).not.toHaveProperty("problem");
  });

  it("a Robin that reloads nothing is told of, until it is set up otherwise", async () => {
    await gateway.close();
    await folder.write("properties.json5", "{}");
    gateway = await start();
    const problem = "Robin reads the list at its next start: its properties switch reloading off (serverAutoReload).";
    expect(await gateway.block("192.0.2.1")).toMatchObject({ projected: false });
    expect(await status()).toMatchObject({ problem });
    expect(await gateway.deps.blocklist.project()).toMatchObject({ projected: false, problem });
  });

  it("a section in server.json5, which Robin prefers, is told of", async () => {
    await folder.write("server.json5", `{ blocklist: { enabled: false } }`);
    const { projected, notices } = await gateway.block("192.0.2.1");
    expect(projected).toBe(false);
    expect(notices[0]).toContain("a section `blocklist` in its server.json5");
    expect(await folder.text()).toBe(shippedFile);
  });

  it("a configuration store, which overwrites files, is told of", async () => {
    gateway.simulator.config.setSyncStatus({
      enabled: true,
      lastAttemptEpochMillis: 0,
      lastSuccessEpochMillis: 0,
      appliedFiles: [],
      skippedFiles: [],
    });
    const { projected, notices } = await gateway.block("192.0.2.1");
    expect([projected, notices.at(-1)]).toEqual([
      false,
      "Robin takes its files from its configuration store, which may put another list in place of this one.",
    ]);
  });

  it("the status says that there is no folder", async () => {
    const without = await startBlocklistGateway();
    const answer = await without.call("GET", "/api/v1/blocklist/status");
    expect(answer.body).toMatchObject({ configured: false, inForce: 0, handWritten: 0 });
    await without.close();
  });
});
