import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import {
  clamavForm,
  configFiles,
  type ConfigGateway,
  documentOf,
  metaOf,
  startConfigGateway,
} from "./config-support.ts";
import { startTestGateway } from "./harness.ts";
import { trpcClient } from "./trpc-client.ts";

let gateway: ConfigGateway;
beforeEach(async () => {
  gateway = await startConfigGateway();
});
afterEach(() => gateway.close());

const inForce = async (name: string) =>
  (await gateway.deps.robin.config.sections()).find((section) => section.name === name)?.values;
const auditRow = () => gateway.db.auditEvent.findFirst({ where: { action: "config.update" }, orderBy: { id: "desc" } });

describe("GET /config/{section} with Robin's folder", () => {
  it("200 with the UI's ClamAV document: milliseconds, Robin's other keys, and a version", async () => {
    const answer = await gateway.get("clamav");
    expect(documentOf(answer)).toEqual({
      enabled: false,
      host: "localhost",
      port: 3310,
      timeout: 5000,
      onVirus: "reject",
    });
    expect(metaOf(answer)).toMatchObject({ source: "file", obstacles: [], inForceKnown: true, notInForce: [] });
    expect((await gateway.get("clamav", { prefix: "" })).body).toEqual(answer.body);
  });

  it("200 with the UI's Rspamd document: scores that Robin has no place for have defaults", async () => {
    expect(documentOf(await gateway.get("rspamd"))).toEqual({
      enabled: false,
      host: "localhost",
      port: 11_333,
      timeout: 30_000,
      rejectScore: 7,
      addHeaderScore: 6,
      greylistScore: 4,
      discardThreshold: 15,
      dkimSigning: { enabled: false, selector: "{$selector}" },
    });
  });

  it("200 with the UI's Dovecot document, and Robin's own dovecot.json5 under another name", async () => {
    expect(documentOf(await gateway.get("dovecot"))).toMatchObject({
      protocols: ["imap", "pop3", "lmtp"],
      authentication: { mechanisms: ["plain", "login"] },
      ssl: { enabled: false },
    });
    const asked = gateway.simulator.requests.length;
    expect(metaOf(await gateway.get("dovecot"))).toMatchObject({ source: "gateway", version: "0" });
    expect(gateway.simulator.requests.length).toBe(asked);
    expect(documentOf(await gateway.get("robin-dovecot"))).toEqual({ auth: false, saveLmtp: { enabled: false } });
  });

  it("200 with what the UI can show when the file holds what it cannot", async () => {
    const odd = `{ enabled: "{$clamav}", port: 0, timeout: 90 }`;
    await writeFile(path.join(gateway.folder, "clamav.json5"), odd);
    expect(documentOf(await gateway.get("clamav"))).toEqual({
      enabled: false,
      host: "localhost",
      port: 3310,
      timeout: 60_000,
    });
    await gateway.put("clamav", documentOf(await gateway.get("clamav")));
    expect(await gateway.onDisk("clamav.json5")).toContain(`enabled: "{$clamav}", port: 0, timeout: 90`);
  });

  it("200 and says what of a file that was changed by hand is not in force", async () => {
    await writeFile(path.join(gateway.folder, "storage.json5"), `{ enabled: true, path: "/elsewhere", clean: null }`);
    const answer = await gateway.get("storage");
    expect(documentOf(answer)).toEqual({ enabled: true, path: "/elsewhere" });
    expect(metaOf(answer).notInForce).toEqual([
      { path: "path", reason: "Robin uses another value: it has not read the file since, or it reads another folder." },
    ]);
  });

  it("200 from the file while Robin is away, and what is in force is not known", async () => {
    gateway.simulator.faults.set({ port: "service", route: "/config", fault: { kind: "reset" } });
    const answer = await gateway.get("clamav");
    expect(documentOf(answer)).toMatchObject({ timeout: 5000 });
    expect(metaOf(answer)).toMatchObject({ source: "file", inForceKnown: false, notInForce: [] });
  });

  it("200 with what Robin has in force when the file cannot be read", async () => {
    await writeFile(path.join(gateway.folder, "storage.json5"), `{ # Robin reads this\n path = "/elsewhere"; }`);
    const answer = await gateway.get("storage");
    expect(documentOf(answer)).toEqual({ enabled: true, path: "/var/mail" });
    expect(metaOf(answer)).toMatchObject({
      source: "robin",
      obstacles: ["storage.json5, line 1: Unexpected character '#' found."],
    });
  });
});

describe("PUT /config/{section}", () => {
  it("200 with the saved ClamAV document, in force, the file's comments and other keys kept", async () => {
    const answer = await gateway.put("clamav", clamavForm);
    expect(answer.status).toBe(200);
    expect(documentOf(answer)).toEqual({ ...clamavForm, onVirus: "reject" });
    expect(metaOf(answer).notInForce).toEqual([]);
    expect(await gateway.onDisk("clamav.json5")).toBe(`// Virus scanner
{
  enabled: true, // until clamd runs
  host: "clamav.test", port: 3311,
  timeout: 30, // seconds
  onVirus: "reject"
}
`);
    expect(await inForce("clamav")).toMatchObject({ enabled: true, host: "clamav.test", port: 3311, timeout: 30 });
    expect(documentOf(await gateway.get("clamav", { prefix: "" }))).toEqual(documentOf(answer));
  });

  it("200 with the saved Rspamd document by the drop-in path; apiKey stays with the gateway, masked", async () => {
    const form = {
      ...{ enabled: true, host: "rspamd.test", port: 11_334, timeout: 30_000 },
      ...{ rejectScore: 12.5, addHeaderScore: 5, greylistScore: 3, apiKey: "hunter2" },
    };
    const answer = await gateway.put("rspamd", form, { prefix: "" });
    expect(documentOf(answer)).toMatchObject({ ...form, apiKey: "********" });
    expect(await gateway.onDisk("rspamd.json5")).toContain("rejectThreshold: 12.5, discardThreshold: 15");
    expect(await gateway.onDisk("rspamd.json5")).not.toContain("hunter2");
    await gateway.put("rspamd", documentOf(answer));
    const row = await gateway.db.document.findUniqueOrThrow({ where: { name: "rspamd" } });
    expect(row).toMatchObject({ version: 1, value: { addHeaderScore: 5, greylistScore: 3, apiKey: "hunter2" } });
    expect(documentOf(await gateway.put("rspamd", { apiKey: "" }))).toMatchObject({ apiKey: "" });
  });

  it("200 with the saved Dovecot document, and Robin's dovecot.json5 untouched", async () => {
    const form = {
      protocols: ["imap"],
      listen: "*",
      authentication: { mechanisms: ["cram-md5"], defaultRealm: "example.com" },
      mailLocation: "maildir:~/Mail",
      ssl: { enabled: true, certFile: "/c.pem", keyFile: "/k.pem" },
      limits: { maxConnections: 5, maxUserConnections: 2 },
      future: { kept: true },
    };
    expect(documentOf(await gateway.put("dovecot", form))).toEqual(form);
    expect(documentOf(await gateway.get("dovecot"))).toEqual(form);
    expect(await gateway.onDisk("dovecot.json5")).toBe(configFiles["dovecot.json5"]);
  });

  it("200 for a part of a section: what is not named stays, null removes, a new file is made", async () => {
    const answer = await gateway.put("queue", { retry: { totalRetries: 20, firstWaitMinutes: null }, made: [1] });
    expect(documentOf(answer)).toEqual({ startDelaySeconds: 10, retry: { totalRetries: 20 }, made: [1] });
    expect(documentOf(await gateway.put("webhooks", { enabled: true }))).toEqual({ enabled: true });
    expect(await gateway.onDisk("webhooks.json5")).toBe("{ enabled: true }\n");
    expect(await inForce("webhooks")).toEqual({ enabled: true });
  });

  it("200 and a form that was shown for want of a file is written out", async () => {
    await rm(path.join(gateway.folder, "clamav.json5"));
    expect(documentOf(await gateway.get("clamav"))).toEqual({
      enabled: false,
      host: "localhost",
      port: 3310,
      timeout: 5000,
    });
    await gateway.put("clamav", documentOf(await gateway.get("clamav")));
    expect(await gateway.onDisk("clamav.json5")).toBe(
      `{ enabled: false, host: "localhost", port: 3310, timeout: 5 }\n`,
    );
  });

  it("200 and masked secrets that come back keep the old ones, also when the list has another order", async () => {
    const { list } = documentOf(await gateway.get("users")) as { list: { name: string; pass: string }[] };
    expect(list.map(({ pass }) => pass)).toEqual(["********", "********"]);
    const happy = { name: "happy@example.com", pass: "hogan" };
    const answer = await gateway.put("users", { list: [...list.toReversed(), happy] });
    expect(answer.text).not.toMatch(/stark|potts|hogan/);
    expect(await inForce("users")).toMatchObject({
      list: [
        { name: "pepper@example.com", pass: "potts" },
        { name: "tony@example.com", pass: "stark" },
        { name: "happy@example.com", pass: "hogan" },
      ],
    });
  });

  it("200 and names what takes a restart of Robin", async () => {
    const answer = await gateway.put("server", { smtpPort: 2525, hostname: "other.test" });
    expect(documentOf(answer)).toMatchObject({ smtpPort: 2525, hostname: "other.test", keystorepassword: "********" });
    expect(metaOf(answer).notInForce).toEqual([
      { path: "smtpPort", reason: "Robin takes it over when it is started again." },
    ]);
    expect(await gateway.onDisk("server.json5")).toContain(`hostname: "other.test", // as others know us`);
    expect(await gateway.onDisk("server.json5")).toContain("hunter2");
  });

  it("200 and does not say of a section that Robin does not show whether it is in force", async () => {
    const answer = await gateway.put("whitelist", { enabled: true });
    expect(metaOf(answer)).toMatchObject({ inForceKnown: false, notInForce: [] });
    expect(metaOf(await gateway.put("client", { port: 2525 })).notInForce).toEqual([
      { path: "port", reason: "Robin takes it over when it is started again." },
    ]);
  });

  it("200 and names what is not in force because Robin's properties switch reloading off", async () => {
    const other = await startConfigGateway({ ...configFiles, "properties.json5": "{}" });
    const answer = await other.put("clamav", { timeout: 10_000 });
    expect(documentOf(answer)).toMatchObject({ timeout: 10_000 });
    expect(metaOf(answer).notInForce).toMatchObject([
      { path: "timeout", reason: expect.stringContaining("switch reloading off") as string },
    ]);
    await other.close();
  });

  it("200 over tRPC, with the document as it was read", async () => {
    const client = trpcClient(gateway, gateway.admin.token);
    const document = await client.config.get.query({ section: "storage" });
    const saved = await client.config.update.mutate({
      section: "storage",
      document: { ...document, path: "/srv" } as Parameters<typeof client.config.update.mutate>[0]["document"],
    });
    expect(saved).toMatchObject({ path: "/srv", _meta: { notInForce: [] } });
  });

  it("200 and an audit row with section and keys, never values", async () => {
    await gateway.put("rspamd", { rejectScore: 9, apiKey: "hunter2", dkimSigning: { selector: "s1" } });
    expect(await auditRow()).toMatchObject({
      outcome: "SUCCEEDED",
      actorUsername: gateway.admin.username,
      targets: ["rspamd", "rspamd.rejectScore", "rspamd.dkimSigning.selector", "rspamd.apiKey"],
    });
    expect(JSON.stringify([await gateway.db.auditEvent.findMany(), gateway.logs])).not.toContain("hunter2");
  });

  it("200 and a backup of what was there", async () => {
    await gateway.put("clamav", { timeout: 10_000 });
    const [former] = (await gateway.deps.configFolder?.versions("clamav")) ?? [];
    expect(former?.text).toBe(configFiles["clamav.json5"]);
    expect(await gateway.newFiles()).toEqual([".gateway-versions"]);
  });

  it("412 for the version before another change, and 200 for the present one", async () => {
    const { version } = metaOf(await gateway.get("clamav"));
    const second = await gateway.put("clamav", { port: 1, _meta: { version } });
    expect(second.status).toBe(200);
    expectError(await gateway.put("clamav", { port: 2, _meta: { version } }), 412, "precondition_failed");
    const { version: present } = metaOf(second);
    expect((await gateway.put("clamav", { scanArchives: true, _meta: { version: present } })).status).toBe(200);
    // What only the gateway keeps is part of the version as well.
    expectError(await gateway.put("clamav", { port: 3, _meta: { version: present } }), 412, "precondition_failed");
    expect(await gateway.onDisk("clamav.json5")).toContain("port: 1,");
  });

  it("200 for two writers at once: both changes are there", async () => {
    const answers = await Promise.all([
      gateway.put("clamav", { port: 4000 }),
      gateway.put("clamav", { timeout: 20_000 }),
      gateway.put("clamav", { maxFileSize: 7 }),
      gateway.put("clamav", { scanArchives: false }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(documentOf(await gateway.get("clamav"))).toMatchObject({
      port: 4000,
      timeout: 20_000,
      maxFileSize: 7,
      scanArchives: false,
    });
  });

  it("409 with the reason when Robin takes its files from its configuration store", async () => {
    gateway.simulator.config.setSyncStatus({
      enabled: true,
      lastAttemptEpochMillis: 0,
      lastSuccessEpochMillis: 0,
      appliedFiles: [],
      skippedFiles: [],
    });
    const message =
      "Robin takes its files from its configuration store, which would overwrite the change: make it there.";
    expect(metaOf(await gateway.get("clamav")).obstacles).toEqual([message]);
    const answer = await gateway.put("clamav", clamavForm);
    expectError(answer, 409, "conflict");
    expect(answer.body).toMatchObject({ message });
    expect(await gateway.onDisk("clamav.json5")).toBe(configFiles["clamav.json5"]);
    expect(await auditRow()).toMatchObject({ outcome: "FAILED", errorCode: "conflict" });
  });

  it("409 with the reason when server.json5 holds the section itself", async () => {
    await writeFile(path.join(gateway.folder, "server.json5"), `{ clamav: { enabled: false } }`);
    const answer = await gateway.put("clamav", clamavForm);
    expectError(answer, 409, "conflict");
    expect(answer.body).toMatchObject({
      message:
        "server.json5 holds the key clamav itself, so Robin does not read clamav.json5: change it in the section server.",
    });
    expect((await gateway.put("storage", { clean: true })).status).toBe(200);
    expect(documentOf(await gateway.put("server", { clamav: { enabled: true } }))).toEqual({
      clamav: { enabled: true },
    });
  });

  it("409 for a file that Robin cannot read, or the gateway not edit", async () => {
    await writeFile(path.join(gateway.folder, "clamav.json5"), "{\n  enabled: true,\n}");
    const answer = await gateway.put("clamav", clamavForm);
    expectError(answer, 409, "conflict");
    expect(answer.body).toMatchObject({ message: "clamav.json5, line 3: Robin allows no comma before a brace." });
  });

  it("501 without the folder, but what the gateway keeps itself can be changed", async () => {
    const { "clamav.json5": clamav, ...files } = configFiles;
    const other = await startTestGateway({
      simulator: { items: 0, config: { files: { ...files, "clamav.json5": clamav } } },
    });
    const { token } = await other.signIn("ROLE_ADMIN");
    const put = (section: string, body: unknown) => other.request(`/config/${section}`, { method: "PUT", token, body });
    const answer = await put("clamav", clamavForm);
    expectError(answer, 501, "not_implemented");
    expect((answer.body as { message: string }).message).toContain("set ROBIN_CONFIG_DIR");
    expectError(await put("storage", { clean: true }), 501, "not_implemented");
    expect(documentOf(await put("clamav", { scanArchives: true }))).toMatchObject({
      scanArchives: true,
      timeout: 5000,
    });
    expect(documentOf(await put("dovecot", { listen: "::" }))).toMatchObject({ listen: "::" });
    await other.close();
  });

  it("501 when the folder has gone", async () => {
    await rm(gateway.folder, { recursive: true });
    const answer = await gateway.put("clamav", clamavForm);
    expectError(answer, 501, "not_implemented");
    expect(answer.text).not.toContain(gateway.folder);
  });

  it("503 and nothing written when Robin is away", async () => {
    gateway.simulator.faults.set({ port: "service", route: "/config", fault: { kind: "reset" } });
    expectError(await gateway.put("clamav", clamavForm), 503, "upstream_unavailable");
    expect(await gateway.onDisk("clamav.json5")).toBe(configFiles["clamav.json5"]);
  });

  it("503 when Robin goes away before the reload: the change stays, and the answer says so", async () => {
    gateway.simulator.faults.set({ port: "service", route: "/config/reload", fault: { kind: "reset" } });
    const answer = await gateway.put("clamav", clamavForm);
    expectError(answer, 503, "upstream_unavailable");
    expect((answer.body as { message: string }).message).toBe(
      "The change of clamav is saved, but Robin could not be asked to read it. It will with its next reload or start.",
    );
    expect(await gateway.onDisk("clamav.json5")).toContain("timeout: 30,");
    expect(await auditRow()).toMatchObject({ outcome: "SUCCEEDED" });
    gateway.simulator.faults.clear();
    expect(metaOf(await gateway.get("clamav")).notInForce).toHaveLength(4);
    expect((await gateway.put("clamav", clamavForm)).status).toBe(200);
    expect(metaOf(await gateway.get("clamav")).notInForce).toEqual([]);
  });

  it("409 for the blocklist, which has a page of its own", async () => {
    await writeFile(path.join(gateway.folder, "blocklist.json5"), `{ enabled: false, entries: ["192.0.2.1"] }`);
    expect(documentOf(await gateway.get("blocklist"))).toEqual({ enabled: false, entries: ["192.0.2.1"] });
    expectError(await gateway.put("blocklist", { entries: [] }), 409, "conflict");
  });
});
