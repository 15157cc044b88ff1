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
