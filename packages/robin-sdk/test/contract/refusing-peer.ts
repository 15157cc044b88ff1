import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createInterface } from "node:readline";

export interface RefusingPeer extends AsyncDisposable {
  port: number;
}

/** What the simulator's next servers refuse, too. */
function replyTo(command: string): string {
  if (/^MAIL FROM:<badsender@/i.test(command)) return "550 5.1.8 bad sender";
  if (/^RCPT TO:<nouser@/i.test(command)) return "550 5.1.1 no such user";
  if (/^RCPT TO:<later@/i.test(command)) return "451 4.2.1 try later";
  if (/^DATA$/i.test(command)) return "354 go ahead";
  return /^QUIT$/i.test(command) ? "221 2.0.0 bye" : "250 2.0.0 OK";
}

/** An SMTP server on the loopback that refuses some senders and recipients and forgets what it takes. */
export async function startRefusingPeer(): Promise<RefusingPeer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    socket.write("220 peer.test ESMTP\r\n");
    let isMessage = false;
    createInterface({ input: socket }).on("line", (line) => {
      if (isMessage && line !== ".") return;
      const reply = replyTo(line);
      isMessage = reply.startsWith("354");
      socket.write(`${reply}\r\n`);
      if (reply.startsWith("221")) socket.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
