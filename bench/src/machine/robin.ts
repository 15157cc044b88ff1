import type { FaultRule, SimulatorPort } from "@robin/simulator";
import { fileURLToPath } from "node:url";
import { type Program, startProgram } from "./program.ts";
import type { RobinCommand, RobinProgramSetup } from "./robin-program.ts";
import type { Scope } from "./scope.ts";

export interface Robin {
  clientUrl: string;
  serviceUrl: string;
  fault(rule: FaultRule): Promise<void>;
  clearFaults(): Promise<void>;
  addToQueue(uid: string): Promise<void>;
  forgetCalls(): Promise<void>;
  /** How many there were since the start or the last `forgetCalls` whose target contains this text. */
  calls(port: SimulatorPort, text: string): Promise<number>;
}

export type RobinSetup = Partial<RobinProgramSetup>;

/** As a live Robin: 0.1 ms for each row of a queue page, and some for the rest. */
const serviceTimes: RobinProgramSetup["serviceTimes"] = [
  ["/client/queue/list", 5],
  ["/health", 0.5],
  ["/", 2],
];

const program = fileURLToPath(new URL("robin-program.ts", import.meta.url));

/** Robin's two ports are two threads that do not wait for each other: two processes here. */
export async function startRobin(scope: Scope, setup: RobinSetup = {}): Promise<Robin> {
  const argument = JSON.stringify({ items: 120, storeFolders: 0, serviceTimes, ...setup });
  const start = (name: string) => startProgram(scope, { name, args: [program, argument], core: "rest" });
  const [client, service] = await Promise.all([start("simulator, port 8090"), start("simulator, port 8080")]);
  const ports = { client, service };
  const both = async (command: RobinCommand) => {
    await Promise.all([tell(client, command), tell(service, command)]);
  };
  return {
    clientUrl: String(client.ready.clientUrl),
    serviceUrl: String(service.ready.serviceUrl),
    fault: async (rule) => {
      await tell(ports[rule.port], { do: "fault", rule });
    },
    addToQueue: (uid) => both({ do: "addToQueue", uid }),
    clearFaults: () => both({ do: "clearFaults" }),
    forgetCalls: () => both({ do: "forgetCalls" }),
    calls: async (port, text) => {
      const counts = Object.entries(await tell(ports[port], { do: "callCounts" }));
      return counts.filter(([target]) => target.includes(text)).reduce((sum, [, count]) => sum + count, 0);
    },
  };
}

let lastId = 0;

function tell({ process: child }: Program, command: RobinCommand): Promise<Record<string, number>> {
  const id = (lastId += 1);
  return new Promise((resolve, reject) => {
    const listen = (message: unknown) => {
      const answer = message as { id?: number; counts?: Record<string, number> };
      if (answer.id !== id) return;
      child.off("message", listen);
      resolve(answer.counts ?? {});
    };
    child.on("message", listen);
    child.send({ id, command }, (error) => {
      if (error) reject(error);
    });
  });
}
