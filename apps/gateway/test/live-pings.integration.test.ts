import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createPings } from "../src/live/pings.ts";

it("cuts a client that does not answer by the next ping, and keeps one that does", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const pings = createPings(2);
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const open = async (autoPong: boolean) => {
    const client = new WebSocket(url, { autoPong });
    const [[accepted]] = (await Promise.all([once(server, "connection"), once(client, "open")])) as [
      [WebSocket],
      unknown,
    ];
    pings.add(accepted);
    return client;
  };
  const [deaf, awake] = [await open(false), await open(true)];
  let answered = 0;
  awake.on("ping", () => (answered += 1));
  await once(deaf, "close");
  await expect.poll(() => answered).toBeGreaterThan(2);
  expect(awake.readyState).toBe(WebSocket.OPEN);
  awake.terminate();
  server.close();
});
