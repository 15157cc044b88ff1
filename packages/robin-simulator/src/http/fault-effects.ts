import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { html, text } from "./answer.ts";
import type { Answer } from "./answer.ts";
import type { Fault } from "./faults.ts";

const page = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>";
const noise = Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00, 0x9d, 0x0a, 0x7b, 0x22, 0x0d, 0x0a]);

/** Lets a fault happen. Says what is left to do: the real answer, nothing at all, or the answer to send instead. */
export async function applyFault(
  fault: Fault,
  socket: Socket,
  closing: AbortSignal,
): Promise<"serve" | "nothing" | Answer> {
  switch (fault.kind) {
    case "delay":
      await wait(fault.ms, undefined, { signal: closing });
      return "serve";
    case "reset":
      socket.resetAndDestroy();
      return "nothing";
    case "blackHole":
      return "nothing";
    case "garbage":
      socket.end(noise);
      return "nothing";
    case "html":
      return html(200, page);
    case "status":
      return text(fault.status, fault.body ?? "Simulated fault");
  }
}
