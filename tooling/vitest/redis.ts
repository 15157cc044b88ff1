import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { endWithParent, freePort } from "@robin/db/embedded";

export type TestRedis = { url: string; stop(): Promise<void> };

/** Resolves with "" when it accepts connections, with what it said when it ended instead. */
async function untilReady(child: ChildProcess): Promise<string> {
  const lines: string[] = [];
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      lines.push(line);
      if (line.includes("Ready to accept connections")) resolve("");
    });
  });
  return Promise.race([ready, once(child, "exit").then(() => lines.join("\n") || "it ended without a word")]);
}

/** A redis-server in memory only, on 127.0.0.1 and a free port, or this one. */
export async function startRedis(binary: string, fixedPort?: number): Promise<TestRedis> {
  for (let attempt = 1; ; attempt += 1) {
    const port = fixedPort ?? (await freePort());
    const settings = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--daemonize",
      "no",
    ];
    const [command = "", ...args] = [...endWithParent(), binary, ...settings];
    const child = spawn(command, args, { cwd: "/", stdio: ["ignore", "pipe", "inherit"] });
    const trouble = await untilReady(child);
    if (trouble === "") {
      const stop = async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        await exited;
      };
      return { url: `redis://127.0.0.1:${port}`, stop };
    }
    // Somebody else may have taken the port between our look and its bind.
    if (attempt === 5 || !trouble.includes("in use")) throw new Error(`redis-server did not start: ${trouble}`);
  }
}
