import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync as writeFileNow } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text as textOf } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConfigFolder, createConfigFolder, setJson5 } from "./index.ts";

let home: string;
let cfg: string;
let folder: ConfigFolder;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "robin-config-"));
  cfg = path.join(home, "cfg");
  await mkdir(cfg);
  folder = createConfigFolder({ path: cfg });
});
afterEach(() => rm(home, { recursive: true, force: true }));

const put = (file: string, text: string | Buffer, mode = 0o644) => writeFile(path.join(cfg, file), text, { mode });
const onDisk = (file: string) => readFile(path.join(cfg, file), "utf8");
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );
const setPort = (port: number) => (current: { text: string } | undefined) =>
  setJson5(current?.text ?? "", ["port"], port);

describe("read", () => {
  it("gives text, values and a version that changes with the text", async () => {
    await put("clamav.json5", "{ port: 3310 }");
    const first = await folder.read("clamav");
    expect(first).toMatchObject({ name: "clamav", text: "{ port: 3310 }", value: { port: 3310 } });
    await put("clamav.json5", "{ port: 3310 } ");
    expect((await folder.read("clamav"))?.version).not.toBe(first?.version);
    expect(await folder.read("rspamd")).toBeUndefined();
    await put("README.md", "x");
    expect(await folder.list()).toEqual(["clamav"]);
  });

  it.each(["../x", "..", "a/b", "a\0b", "A", "", "clamav.json5", "%2e%2e", "x".repeat(51)])(
    "refuses the name %j",
    async (name) => {
      const expected = { kind: "invalid_name" };
      expect(await failure(folder.read(name))).toMatchObject(expected);
      expect(await failure(folder.update(name, () => "{}"))).toMatchObject(expected);
      expect(await failure(folder.versions(name))).toMatchObject(expected);
    },
  );

  it("refuses a link out of the folder, and follows one within", async () => {
    await writeFile(path.join(home, "secret.json5"), "{ a: 1 }");
    await symlink("../secret.json5", path.join(cfg, "out.json5"));
    expect(await failure(folder.read("out"))).toMatchObject({ kind: "not_permitted" });
    expect(await failure(folder.update("out", () => "{ a: 2 }"))).toMatchObject({ kind: "not_permitted" });
    expect(await readFile(path.join(home, "secret.json5"), "utf8")).toBe("{ a: 1 }");

    await put("data", "{ a: 1 }");
    await symlink("data", path.join(cfg, "inside.json5"));
    await folder.update("inside", () => "{ a: 2 }");
    expect(await onDisk("data")).toBe("{ a: 2 }");
    expect((await folder.read("inside"))?.value).toEqual({ a: 2 });
  });

  it("says what is wrong with a file", async () => {
    await mkdir(path.join(cfg, "folder.json5"));
    await put("bytes.json5", Buffer.from([0x7b, 0xff, 0x7d]));
    await put("large.json5", `{ a: "${"x".repeat(1024 ** 2)}" }`);
    await put("broken.json5", "{\n  a: 1,\n}");
    expect(await failure(folder.read("folder"))).toMatchObject({ kind: "not_text" });
    expect(await failure(folder.read("bytes"))).toMatchObject({ kind: "not_text" });
    expect(await failure(folder.read("large"))).toMatchObject({ kind: "too_large" });
    expect(await failure(folder.read("broken"))).toMatchObject({
      kind: "syntax",
      message: "broken.json5, line 3: Robin allows no comma before a brace.",
    });
  });

  it("says that the folder is missing, or none", async () => {
    const missing = createConfigFolder({ path: path.join(home, "nothing") });
    const none = createConfigFolder({ path: import.meta.filename });
    for (const other of [missing, none]) {
      expect(await failure(other.read("clamav"))).toMatchObject({ kind: "missing" });
      expect(await failure(other.list())).toMatchObject({ kind: "missing" });
      expect(await failure(other.update("clamav", () => "{}"))).toMatchObject({ kind: "missing" });
      expect(await other.obstacle()).toMatchObject({ kind: "missing" });
    }
    expect(await folder.obstacle()).toBeUndefined();
  });
});

describe("update", { timeout: 30_000 }, () => {
  it("writes what the edit makes, keeps mode and owner, and leaves no other file beside it", async () => {
    await put("clamav.json5", "{ port: 3310 } ");
    await chmod(path.join(cfg, "clamav.json5"), 0o604);
    const written = await folder.update("clamav", setPort(3311));
    expect(await onDisk("clamav.json5")).toBe("{ port: 3311 } ");
    expect(written).toEqual(await folder.read("clamav"));
    expect((await stat(path.join(cfg, "clamav.json5"))).mode & 0o777).toBe(0o604);
    expect(await readdir(cfg)).toEqual([".gateway-versions", "clamav.json5"]);
  });

  it("makes a file that is not there, not for the eyes of all", async () => {
    await folder.update("rspamd", setPort(11_333));
    expect(await onDisk("rspamd.json5")).toBe("{ port: 11333 }\n");
    expect((await stat(path.join(cfg, "rspamd.json5"))).mode & 0o007).toBe(0);
    expect(await folder.versions("rspamd")).toEqual([]);
  });

  it("makes a file for those who can read the others", async () => {
    await put("server.json5", "{}");
    await chmod(path.join(cfg, "server.json5"), 0o604);
    await folder.update("rspamd", setPort(11_333));
    expect((await stat(path.join(cfg, "rspamd.json5"))).mode & 0o777).toBe(0o604);
  });

  it("keeps the last ten versions, the latest first, and none for an equal text", async () => {
    await put("clamav.json5", "{ port: 0 }");
    const times = Array.from({ length: 12 }, (_, index) => new Date(1_790_000_000_000 + index));
    let now = times[0] ?? new Date();
    const timed = createConfigFolder({ path: cfg, clock: { now: () => now } });
    for (const [index, time] of times.entries()) {
      now = time;
      await timed.update("clamav", setPort(index + 1));
      await timed.update("clamav", setPort(index + 1));
    }
    const versions = await folder.versions("clamav");
    expect(versions.map(({ text }) => text)).toEqual(
      Array.from({ length: 10 }, (_, index) => `{ port: ${11 - index} }`),
    );
    expect(versions[0]?.replacedAt).toEqual(times[11]);
    // A former text can be put back by its version.
    const former = versions[3];
    await folder.update("clamav", () => former?.text ?? "");
    expect((await folder.read("clamav"))?.version).toBe(former?.version);
    expect((await stat(path.join(cfg, ".gateway-versions"))).mode & 0o077).toBe(0);
  });

  it("refuses a version that is no longer there, and one of a file that is not there", async () => {
    await put("clamav.json5", "{ port: 1 }");
    const { version } = (await folder.read("clamav")) ?? {};
    await put("clamav.json5", "{ port: 2 }");
    expect(await failure(folder.update("clamav", setPort(3), { ifVersion: version }))).toMatchObject({
      kind: "conflict",
    });
    expect(await failure(folder.update("rspamd", setPort(3), { ifVersion: version }))).toMatchObject({
      kind: "conflict",
    });
    expect(await onDisk("clamav.json5")).toBe("{ port: 2 }");
    expect(await folder.list()).toEqual(["clamav"]);
  });

  it("refuses when a hand wrote the file in between", async () => {
    await put("clamav.json5", "{ port: 1 }");
    const edited = folder.update("clamav", (current) => {
      // By another program, which knows of no lock.
      writeFileNow(path.join(cfg, "clamav.json5"), "{ port: 99 }");
      return setPort(2)(current);
    });
    expect(await failure(edited)).toMatchObject({ kind: "conflict" });
    expect(await onDisk("clamav.json5")).toBe("{ port: 99 }");
    expect((await readdir(cfg)).filter((file) => file.includes("new-"))).toEqual([]);
  });

  it("writes nothing that Robin could not read, and passes on what the edit throws", async () => {
    await put("clamav.json5", "{ port: 1 }");
    expect(await failure(folder.update("clamav", () => "{ a: 1, }"))).toMatchObject({ kind: "syntax" });
    expect(await failure(folder.update("clamav", () => `{ a: "${"x".repeat(1024 ** 2)}" }`))).toMatchObject({
      kind: "too_large",
    });
    const own = Object.assign(new Error("mine"), { code: "ENOENT" });
    const thrown = folder.update("clamav", () => {
      throw own;
    });
    expect(await failure(thrown)).toBe(own);
    expect(await readdir(cfg)).toEqual(["clamav.json5"]);
  });

  it("lets one writer after the other, in one process", async () => {
    await put("clamav.json5", "{ port: 0 }");
    await Promise.all(Array.from({ length: 8 }, () => folder.update("clamav", increment)));
    expect(await onDisk("clamav.json5")).toBe("{ port: 8 }");
  });
});

const increment = (current: { value: Record<string, unknown>; text: string } | undefined) =>
  setJson5(current?.text ?? "", ["port"], Number(current?.value.port) + 1);

/** Runs the body in a process of its own, in which `folder`, `setJson5`, `print` and `fs` are there. */
async function runProcess(body: string, { shell = "exec" } = {}): Promise<{ output: string; signal: string | null }> {
  const program = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    import { createConfigFolder, setJson5 } from ${JSON.stringify(path.join(import.meta.dirname, "index.ts"))};
    const folder = createConfigFolder({ path: ${JSON.stringify(cfg)} });
    const print = (error) => console.log(error?.kind ?? error);
    ${body}`;
  const command = `${shell} "$0" --input-type=module --eval "$1"`;
  const child = spawn("bash", ["-c", command, process.execPath, program], { stdio: ["ignore", "pipe", "inherit"] });
  const output = textOf(child.stdout);
  const [, signal] = (await once(child, "exit")) as [number | null, string | null];
  return { output: (await output).trim(), signal };
}

describe("in several processes", { timeout: 30_000 }, () => {
  it("lets one writer after the other", async () => {
    await put("clamav.json5", "{ port: 0 }");
    const body = `for (let turn = 0; turn < 10; turn += 1)
      await folder.update("clamav", ({ text, value }) => setJson5(text, ["port"], value.port + 1));`;
    await Promise.all([runProcess(body), runProcess(body)]);
    expect(await onDisk("clamav.json5")).toBe("{ port: 20 }");
  });

  it("keeps the old file when a writer dies before it renames, and the next one goes on", async () => {
    await put("clamav.json5", "{ port: 1 }");
    const { signal } = await runProcess(`
      fs.promises.rename = () => process.kill(process.pid, "SIGKILL");
      syncBuiltinESMExports();
      await folder.update("clamav", () => "{ port: 2 }");`);
    expect(signal).toBe("SIGKILL");
    expect(await onDisk("clamav.json5")).toBe("{ port: 1 }");
    expect((await readdir(cfg)).filter((file) => file.includes("new-"))).toHaveLength(1);

    await folder.update("clamav", setPort(3));
    expect(await onDisk("clamav.json5")).toBe("{ port: 3 }");
    expect(await readdir(cfg)).toEqual([".gateway-versions", "clamav.json5"]);
  });

  it("says that the folder may not be written to, and changes nothing", async () => {
    await put("clamav.json5", "{ port: 1 }");
    await chmod(home, 0o755);
    await chmod(cfg, 0o555);
    const { output } = await runProcess(`
      if (process.getuid() === 0) process.setuid(65534);
      print((await folder.read("clamav")).value.port);
      print(await folder.obstacle());
      await folder.update("clamav", () => "{ port: 2 }").catch(print);`);
    await chmod(cfg, 0o755);
    expect(output).toBe("1\nnot_permitted\nnot_permitted");
    expect(await onDisk("clamav.json5")).toBe("{ port: 1 }");
  });

  it("leaves a file alone whose owner could not read it any more, unless the group can", async () => {
    await put("clamav.json5", "{ port: 1 }", 0o600);
    await put("rspamd.json5", "{ port: 1 }", 0o664);
    await chmod(home, 0o755);
    await chmod(cfg, 0o777);
    const { output } = await runProcess(`
      // As somebody who may write to the folder and read the file, which chown alone refuses.
      fs.promises.chown = (_file, uid) => (uid === 4242 ? Promise.reject(new Error("EPERM")) : Promise.resolve());
      const { stat } = fs.promises;
      const foreign = (stats) => Object.assign(stats, { uid: 4242, mode: stats.mode & 0o7770 });
      fs.promises.stat = async (file) => (file.includes("new-") ? stat(file) : foreign(await stat(file)));
      syncBuiltinESMExports();
      await folder.update("clamav", () => "{ port: 2 }").catch(print);
      print((await folder.update("rspamd", () => "{ port: 2 }")).value.port);`);
    expect(output).toBe("not_permitted\n2");
    expect(await onDisk("clamav.json5")).toBe("{ port: 1 }");
  });

  it("says that a file may not be read", async () => {
    await put("clamav.json5", "{ port: 1 }");
    await chmod(path.join(cfg, "clamav.json5"), 0o000);
    await chmod(home, 0o755);
    const { output } = await runProcess(`
      if (process.getuid() === 0) process.setuid(65534);
      await folder.read("clamav").catch(print);`);
    expect(output).toBe("not_permitted");
  });

  it("says that there is no room, and keeps the old file", async () => {
    await put("clamav.json5", "{ port: 1 }");
    const { output } = await runProcess(
      `process.on("SIGXFSZ", () => undefined);
      await folder.update("clamav", () => '{ text: "' + "x".repeat(100_000) + '" }').catch(print);`,
      { shell: "ulimit -f 8; exec" },
    );
    expect(output).toBe("full");
    expect(await onDisk("clamav.json5")).toBe("{ port: 1 }");
    expect((await readdir(cfg)).filter((file) => file.includes("new-"))).toEqual([]);
  });
});
