import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** A request that wants to go on as a WebSocket. */
export interface Upgrade {
  socket: Socket;
  /** What came after the request's head. */
  head: Buffer;
  /** The socket is not an answer's any more. */
  detach(): void;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** What a route needs to make a WebSocket of a request; undefined for one that did not ask for it. */
export function upgradeOf(req: IncomingMessage): Upgrade | undefined {
  return upgrades.get(req);
}

const livePath = /^\/ws\//i;

/**
 * Requests for a WebSocket go to the same handler as all others, so that the same middleware counts, limits, logs and
 * refuses them. Other protocols that a client offers to change to are passed over, as HTTP allows.
 */
export function acceptUpgrades<Accepting extends Server>(server: Accepting, handler: RequestListener): Accepting {
  Object.assign(server, {
    shouldUpgradeCallback: ({ url = "", headers: { upgrade = "" } }: IncomingMessage) =>
      livePath.test(url) && upgrade.toLowerCase() === "websocket",
  });
  return server.on("upgrade", (req: IncomingMessage, socket: Socket, head: Buffer) => {
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    socket.on("error", destroyThis);
    const leave = (): void => {
      res.detachSocket(socket);
      // Nobody reads this socket, so its other end could keep it half open.
      socket.destroySoon();
    };
    res.once("finish", leave);
    upgrades.set(req, {
      socket,
      head,
      detach() {
        res.off("finish", leave).detachSocket(socket);
        res.statusCode = 101;
        // It ended well, although nothing was written by way of it.
        Object.defineProperty(res, "writableFinished", { value: true });
        res.emit("close");
      },
    });
    moveToken(req);
    handler(req, res);
  });
}

/** One for all: it lasts as long as the socket, and must not hold the request. */
function destroyThis(this: Socket): void {
  this.destroy();
}

/** Browsers cannot set headers here, so the token comes in the query or as a subprotocol; it is not to be in any log. */
function moveToken(req: IncomingMessage): void {
  const url = URL.parse(req.url ?? "", "http://localhost");
  if (!url) return;
  const [, ofProtocol] = /(?:^|,)\s*bearer\s*,\s*([^\s,]+)/i.exec(req.headers["sec-websocket-protocol"] ?? "") ?? [];
  const tokens = [...url.searchParams.getAll("token"), ...(ofProtocol === undefined ? [] : [ofProtocol])];
  url.searchParams.delete("token");
  req.url = url.pathname + url.search;
  const { authorization = [] } = req.headersDistinct;
  req.headersDistinct.authorization = [...authorization, ...tokens.map((token) => `Bearer ${token}`)];
}
