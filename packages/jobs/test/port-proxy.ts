import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands in front of a server, which can so go away and come back while others keep using it. */
export interface PortProxy {
  /** The server's URL by way of the proxy. */
  url: string;
  /** Ends all connections; new ones are refused. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function startPortProxy(targetUrl: string): Promise<PortProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = connect(Number(target.port), target.hostname);
    sockets.add(inbound);
    inbound.pipe(outbound).pipe(inbound);
    inbound.on("error", () => outbound.destroy()).on("close", () => outbound.destroy());
    outbound.on("error", () => inbound.destroy()).on("close", () => inbound.destroy());
    inbound.once("close", () => sockets.delete(inbound));
  });
  const listen = async (port: number): Promise<number> => {
    await once(server.listen(port, "127.0.0.1"), "listening");
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const cut = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server.close(), "close");
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const url = new URL(targetUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    cut,
    restore: async () => {
      await listen(port);
    },
    close: cut,
  };
}
