import type { GsonMap, GsonValue } from "../java/gson-reader.ts";

/** The simulated `client.json5`: what a case falls back to. */
export const defaultSender = "from@example.com";
export const defaultRecipient = "to@example.com";
/** Where the simulated Robin takes mail itself, and where its cases go that name no other server. */
export const listenerPort = 2525;

export const clientDefaults: readonly (readonly [string, GsonValue])[] = [
  ["mx", ["127.0.0.1"]],
  ["port", listenerPort],
  ["tls", false],
  ["ehlo", "client.test"],
  ["mail", defaultSender],
  ["rcpt", [defaultRecipient]],
];

const namedRoutes: ReadonlyMap<string, GsonMap> = new Map<string, GsonMap>([
  [
    "self",
    new Map<string, GsonValue>([
      ["mx", ["127.0.0.1"]],
      ["port", listenerPort],
    ]),
  ],
]);

/** An unknown name is no route, without an error. */
export const findNamedRoute = (name: string | null): GsonMap | undefined =>
  name === null ? undefined : namedRoutes.get(name);

/** The simulated `relay.json5`; the one that Robin ships says LMTP. */
export const defaultProtocol = "ESMTP";
export const defaultMailbox = "INBOX";
