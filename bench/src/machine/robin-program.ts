/** The simulator as a process of its own, told what to do by its parent. One process plays one of Robin's two ports. */
import { createRobinSimulator, type FaultRule } from "@robin/simulator";

export interface RobinProgramSetup {
  items: number;
  storeFolders: number;
  /** Milliseconds by the beginning of a path; the first that fits counts. */
  serviceTimes: [prefix: string, ms: number][];
}

export type RobinCommand =
  | { do: "fault"; rule: FaultRule }
  | { do: "addToQueue"; uid: string }
  | { do: "clearFaults" }
  | { do: "callCounts" }
  | { do: "forgetCalls" };

const setup = JSON.parse(process.argv[2] ?? "{}") as RobinProgramSetup;
const simulator = await createRobinSimulator({
  items: setup.items,
  serviceTimeMs: (path) => setup.serviceTimes.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 0,
  holdsThread: true,
  nagleDelayMs: 44,
});
const mail = Buffer.from("Subject: bench\r\n\r\nHello\r\n");
for (let folder = 0; folder < setup.storeFolders; folder += 1)
  for (let file = 0; file < 20; file += 1) simulator.store.put(`bench.example/user${folder}/new/${file}.eml`, mail);

let forgotten = 0;

function obey(command: RobinCommand): Record<string, number> {
  const counts: Record<string, number> = {};
  switch (command.do) {
    case "fault":
      simulator.faults.set(command.rule);
      break;
    case "addToQueue":
      simulator.queue.add({ uid: command.uid });
      break;
    case "clearFaults":
      simulator.faults.clear();
      break;
    case "forgetCalls":
      forgotten = simulator.requests.length;
      break;
    case "callCounts":
      for (const { target } of simulator.requests.slice(forgotten)) counts[target] = (counts[target] ?? 0) + 1;
      break;
  }
  return counts;
}

process.on("message", ({ id, command }: { id: number; command: RobinCommand }) => {
  process.send?.({ id, counts: obey(command) });
});
for (const event of ["SIGTERM", "disconnect"]) process.once(event, () => process.exit());
process.send?.({ ready: true, clientUrl: simulator.clientUrl, serviceUrl: simulator.serviceUrl });
