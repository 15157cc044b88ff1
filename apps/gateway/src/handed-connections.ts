import type { Worker } from "node:cluster";

/** What Node hands over: its own handle of an accepted connection. */
interface Handle {
  /** Negative once it is closed here, which Node does when the process has confirmed that it has it. */
  fd: number;
  close(): void;
}

/** So many may be on their way before those are forgotten that have arrived. */
const rememberedMax = 256;

/**
 * Closes the connections that were on their way to a process when it died. Node forgets them: they would stay open
 * without anybody to answer, and so would all that come before it notices the death.
 */
export function closeLostConnections(worker: Worker): void {
  let handed: Handle[] = [];
  const { process } = worker;
  const send = process.send.bind(process) as (...message: unknown[]) => boolean;
  process.send = (...message: unknown[]): boolean => {
    const [{ act }, handle] = message as [{ act?: string }, Handle | undefined];
    if (act === "newconn" && handle) {
      if (handed.length >= rememberedMax) handed = handed.filter(isOpen);
      handed.push(handle);
    }
    return send(...message);
  };
  process.once("exit", () => {
    for (const handle of handed.filter(isOpen)) handle.close();
    handed = [];
  });
}

function isOpen({ fd }: Handle): boolean {
  return fd >= 0;
}
