#!/usr/bin/env node
import { runCli } from "./command-line.ts";

process.exitCode = await runCli({
  args: process.argv.slice(2),
  print: (line) => process.stdout.write(`${line}\n`),
  printError: (line) => process.stderr.write(`${line}\n`),
  // Started with an IPC channel (fork), the parent is told when both ports are open; its end is ours.
  sendReady: (message) => process.send?.(message),
  stop: new Promise((resolve) => {
    for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.once(event, resolve);
  }),
});
// An open IPC channel would keep the process alive.
if (process.connected) process.disconnect();
