import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCli } from "./command-line.ts";
import { sendRaw } from "./testing/raw-http.ts";

interface Ready {
  ready: true;
  clientUrl: string;
  serviceUrl: string;
}

/** Runs the command line in this process until it is ready and, unless it failed before, until `whenReady` is done. */
async function run(args: string[], whenReady: (ready: Ready) => Promise<void> = () => Promise.resolve()) {
  const printed: string[] = [];
  const errors: string[] = [];
  const ready = Promise.withResolvers<Ready>();
  const code = await runCli({
    args,
    print: (line) => printed.push(line),
    printError: (line) => errors.push(line),
    sendReady: (message) => {
      ready.resolve(message);
    },
    stop: ready.promise.then(whenReady),
  });
  return { code, printed, errors };
}

const freePorts = ["--client-port", "0", "--service-port", "0"];

describe("command line", () => {
  it("shows the configuration files of a folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "robin-config-"));
    await writeFile(join(folder, "server.json5"), '{ hostname: "folder.test" }');
    const { code } = await run([...freePorts, "--config-folder", folder], async ({ serviceUrl }) => {
      expect((await sendRaw(serviceUrl, { target: "/config" }))?.body).toContain("folder.test");
    });
    await rm(folder, { recursive: true });
    expect(code).toBe(0);
  });

  it("prints both URLs, serves with the given options and ends with 0", async () => {
    const args = [
      ...freePorts,
      "--items",
      "7",
      "--seed",
      "5",
      "--client-auth",
      "bearer test token",
      "--service-auth",
      "basic user:pass:word",
    ];
    const { code, printed } = await run(args, async ({ clientUrl, serviceUrl }) => {
      const authorized = {
        target: "/client/queue/list?state=READY,CLAIMED,DEAD",
        headers: { Authorization: "Bearer test token" },
      };
      expect((await sendRaw(clientUrl, authorized))?.body).toContain("Total items: <strong>7</strong>");
      expect((await sendRaw(serviceUrl, { target: "/" }))?.status).toBe(401);
    });
    expect(code).toBe(0);
    expect(printed).toEqual([
      expect.stringMatching(
        /^Robin simulator: client API http:\/\/127\.0\.0\.1:\d+, service API http:\/\/127\.0\.0\.1:\d+$/,
      ),
    ]);
  });

  it("--help explains every option", async () => {
    const { code, printed } = await run(["--help"]);
    expect(code).toBe(0);
    for (const option of [
      "client-port",
      "service-port",
      "host",
      "client-auth",
      "service-auth",
      "seed",
      "items",
      "service-time",
      "nagle-delay",
      "worker",
    ]) {
      expect(printed[0]).toContain(`--${option}`);
    }
  });

  it.each([
    [["--bogus"], "Unknown option '--bogus'"],
    [["--items", "-1"], "--items"],
    [["--items", "many"], '--items must be a whole number from 0 to 1000000, not "many".'],
    [["--client-port", "70000"], "--client-port must be a whole number from 0 to 65535"],
    [["--host", "192.0.2.1"], "This machine has no address 192.0.2.1; check --host."],
  ])("%j ends with 1 and one sentence", async (args, sentence) => {
    const { code, printed, errors } = await run([...freePorts, ...args]);
    expect([code, printed, errors.length]).toEqual([1, [], 1]);
    expect(errors[0]).toContain(sentence);
  });

  it.each(["basic secret", "bearer", "Bearer secret", "digest secret"])(
    "--client-auth %j is refused without repeating it",
    async (value) => {
      const { code, errors } = await run([...freePorts, "--client-auth", value]);
      expect([code, errors]).toEqual([1, ['--client-auth must be "none", "basic user:password" or "bearer token".']]);
    },
  );

  it("a port in use is one sentence", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const { code, errors } = await run(["--client-port", port, "--service-port", "0"]);
    expect([code, errors]).toEqual([
      1,
      [`Port ${port} is in use by another program; choose another with --client-port or --service-port.`],
    ]);
    taken.close();
  });

  it.each(["disconnect", "SIGTERM", "SIGINT"] as const)(
    "a forked process says when it is ready and ends on %s",
    async (how) => {
      const child = fork(fileURLToPath(new URL("cli.ts", import.meta.url)), freePorts, { silent: true });
      const [message] = (await once(child, "message")) as [Ready];
      expect(message).toMatchObject({ ready: true, clientUrl: expect.stringContaining("http://127.0.0.1:") as string });
      if (how === "disconnect") child.disconnect();
      else child.kill(how);
      expect(await once(child, "exit")).toEqual([0, null]);
    },
  );
});
