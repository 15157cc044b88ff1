import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createRobinClient, type RobinClient } from "../client.ts";
import type { RobinClientConfig } from "../config.ts";
import type { RobinCall } from "../transport.ts";

export interface StandIn {
  url: string;
  /** Sockets that are open now, seen from the server. */
  sockets: Set<Socket>;
  /** Connections accepted so far. */
  connections: () => number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A real HTTP server for answers that neither Robin nor its simulator gives. */
export async function createStandIn(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<StandIn> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer(answer);
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface TestClient extends RobinClient {
  calls: RobinCall[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A client of `url` on both ports, unless `config` says otherwise, that keeps what it told about its calls. */
export function createTestClient(url: string, config: Partial<RobinClientConfig> = {}): TestClient {
  const calls: RobinCall[] = [];
  const client = createRobinClient({
    clientApi: { url },
    serviceApi: { url },
    onCall: (call) => calls.push(call),
    ...config,
  });
  return { ...client, calls, [Symbol.asyncDispose]: () => client.close() };
}

/** The error a promise rejects with; fails when it does not. */
export async function rejection<E extends Error>(
  promise: Promise<unknown>,
  isExpected: (value: unknown) => value is E,
): Promise<E> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error(`resolved with ${JSON.stringify(outcome.value)}`);
  if (!isExpected(outcome.error)) throw new Error("rejected with another error", { cause: outcome.error });
  return outcome.error;
}
