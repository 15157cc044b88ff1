import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** Something that listens on 127.0.0.1. */
export interface StandIn {
  port: number;
  /** What came in: commands without their NUL, or request lines. */
  received: string[];
  close(): Promise<void>;
}

const nothing = (): void => undefined;

async function listen(server: Server, received: string[], port: number): Promise<StandIn> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", nothing));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** Answers commands as clamd 1.4.6 does, and closes the connection after each. */
export function startClamd({ version = "ClamAV 1.4.6" } = {}): Promise<StandIn> {
  const answers: Record<string, string> = { zPING: "PONG", zVERSION: version };
  return startTcp((socket, command) => socket.end(`${answers[command] ?? "UNKNOWN COMMAND"}\0`));
}

/** Gets each command (of clamd, ended by a NUL) or line, and does with the connection what it likes. */
export function startTcp(answer: (socket: Socket, command: string) => void): Promise<StandIn> {
  const received: string[] = [];
  const server = createServer((socket) => {
    let text = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      text += part;
      const commands = text.split(/\0|\r\n/);
      text = commands.pop() ?? "";
      for (const command of commands) {
        received.push(command);
        answer(socket, command);
      }
    });
  });
  return listen(server, received, 0);
}

/** Accepts connections and stays silent. */
export function startSilence(): Promise<StandIn> {
  return startTcp(nothing);
}

/** An HTTP server; `received` has its request lines. */
export function startHttp(listener: RequestListener, port = 0): Promise<StandIn> {
  const received: string[] = [];
  const server = createHttpServer((req, res) => {
    received.push(`${req.method ?? ""} ${req.url ?? ""}`);
    listener(req, res);
  });
  return listen(server, received, port);
}

const head = { server: "rspamd/3.4", connection: "close" };

/** What Rspamd 3.4 answers on both ports: its worker knows no `/stat`, its controller wants the password for it. */
export function startRspamd({
  controller,
  statistics = rspamdStatistics,
}: { controller?: string; statistics?: string } = {}) {
  return startHttp((req, res) => {
    if (req.url === "/ping") res.writeHead(200, { ...head, "content-type": "text/plain" }).end("pong\r\n");
    else if (controller === undefined)
      res.writeHead(500, head).end(`{"error":"invalid command","error_domain":"protocol-error"}`);
    else if (req.headers.password === controller)
      res.writeHead(200, { ...head, "content-type": "application/json" }).end(statistics);
    else res.writeHead(401, head).end(`{"error":"Unauthorized"}`);
  });
}

export const rspamdStatistics = `{"version":"3.4","config_id":"bpd7k81u4tnbk83se9ymibyamxzcqg7d","uptime":86400,"read_only":false,"scanned":1000,"learned":0,"actions":{"reject":100,"soft reject":0,"rewrite subject":0,"add header":20,"greylist":0,"no action":880},"scan_times":[0.012,null,null],"spam_count":120,"ham_count":880,"connections":3,"control_connections":3,"total_learns":0,"statfiles":[]}`;
