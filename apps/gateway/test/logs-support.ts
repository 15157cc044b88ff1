import { EventEmitter, once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LogLine } from "@robin/simulator";
import { startTestGateway, type TestGateway } from "./harness.ts";

const dayMs = 86_400_000;

/** A gateway whose Robin writes nothing of its own; on its clock it is noon in UTC. */
export async function startLogGateway(options: Parameters<typeof startTestGateway>[0] = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ simulator: { items: 0, logs: { traffic: false } }, ...options });
  if (!options.beside) gateway.clock.advance(dayMs + dayMs / 2 - (gateway.clock.now().getTime() % dayMs));
  return gateway;
}

/** Has Robin write a line now, a millisecond after the one before. */
export function write({ simulator, clock }: TestGateway, message: string, fields: Partial<LogLine> = {}): void {
  clock.advance(1);
  simulator.logs.append({ level: "INFO", thread: "pool-1", logger: "smtp.Test", message, ...fields });
}

/** What answers in Robin's place. */
export interface LogStandIn {
  url: string;
  /** The next request, for the test to answer. */
  next(): Promise<ServerResponse>;
  /** How many requests there were. */
  count(): number;
  close(): Promise<void>;
}

export async function startLogStandIn(): Promise<LogStandIn> {
  const arrived: ServerResponse[] = [];
  const arrivals = new EventEmitter();
  let count = 0;
  const server = createServer((_req, res) => {
    count += 1;
    arrived.push(res);
    arrivals.emit("arrival");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async next() {
      for (let first = arrived.shift(); ; first = arrived.shift()) {
        if (first) return first;
        await once(arrivals, "arrival");
      }
    },
    count: () => count,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Lines of a search's answer, with what Robin writes about the search itself. */
export function logAnswer(lines: readonly string[], query = "."): string {
  const echo = `INFO |${stampOf(new Date())}|HTTP-Dispatcher|endpoints.LogsHandler||||Searching logs for query: '${query}'`;
  return [...lines, echo].map((line) => `${line}\n`).join("");
}

/** As Robin writes times, in UTC. */
export function stampOf(at: Date): string {
  return at.toISOString().slice(5, 23).replaceAll(/[-:.]/g, "").replace("T", "-");
}
