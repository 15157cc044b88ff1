import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import proxyAddr from "proxy-addr";
import { plainAddress } from "../request-context.ts";

type Trust = (address: string, hop: number) => boolean;

/** The client's address as `ipAddressOf` finds it, without Express. */
export function createClientAddress(
  trust: Trust | undefined,
): (socket: Socket, forwardedFor?: string | string[]) => string {
  const known = new WeakMap<Socket, string>();

  function peerOf(socket: Socket): string {
    let address = known.get(socket);
    if (address === undefined) known.set(socket, (address = plainAddress(socket.remoteAddress) ?? ""));
    return address;
  }
  return (socket, forwardedFor) => {
    if (!trust || forwardedFor === undefined) return peerOf(socket);
    const request = { socket, headers: { "x-forwarded-for": forwardedFor } } as unknown as IncomingMessage;
    return plainAddress(proxyAddr(request, trust)) ?? peerOf(socket);
  };
}
