import { buildEnvelopes } from "./case-envelopes.ts";
import type { CaseEnvelope } from "./case-envelopes.ts";
import { booleanField, intField, isBlank, mapField, stringField, stringListField } from "./case-fields.ts";
import { createMagic } from "./case-magic.ts";
import type { Magic } from "./case-magic.ts";
import { clientDefaults, defaultRecipient, defaultSender, findNamedRoute } from "./client-defaults.ts";
import type { GsonMap, GsonValue } from "./gson-reader.ts";
import type { Writable, WritableObject } from "./gson-writer.ts";
import { formatJavaDate } from "./java-date.ts";
import { castString } from "./java-casts.ts";
import type { ServerFiles } from "./server-files.ts";

export interface CaseSession {
  readonly uid: string;
  readonly envelopes: readonly CaseEnvelope[];
  /** The session as Robin answers it. */
  readonly json: WritableObject;
}

export interface CaseDependencies {
  readonly now: Date;
  readonly files: ServerFiles;
  readonly newUuid: () => string;
}

/** Turns a case (the JSON of send and queue) into the session Robin builds from it. Throws a JavaError where Robin's casts fail. */
export function buildSession(ownFields: GsonMap, { now, files, newUuid }: CaseDependencies): CaseSession {
  const caseMap: GsonMap = new Map([...clientDefaults, ...ownFields]);
  const uid = newUuid();
  const date = formatJavaDate(now);
  const magic = createMagic(caseMap, { mail: defaultSender, rcpt: defaultRecipient });
  const connection = readConnection(caseMap, magic);
  const envelopes = buildEnvelopes(caseMap, {
    magic,
    date,
    newMessageId: () => `${newUuid()}-${now.getTime()}`.padStart(81 - date.length, "0"),
    linkFile: (file, index) => files.linkIntoQueue(file, uid, index),
  });
  const { protocols, ciphers, retry, delay, mx, port, greeting, tls, authentication } = connection;
  const json: WritableObject = {
    xclient: readXclient(caseMap, magic),
    direction: "INBOUND",
    uid,
    date,
    protocols,
    ciphers,
    retry,
    delay,
    mx,
    port,
    friendInRbl: false,
    blackholed: false,
    ...greeting,
    ehloSize: -1,
    ehloTls: false,
    smtpUtf8: false,
    ehlo8bit: false,
    ehloBinary: false,
    ehloBdat: false,
    ehloAuth: [],
    tls,
    startTls: false,
    authBeforeTls: booleanField(caseMap, "authBeforeTls"),
    ...authentication,
    behaviour: stringListField(caseMap, "behaviour"),
    envelopes: envelopes.map((envelope) => envelope.json),
    sessionTransactionList: { envelopes: [], transactions: [] },
  };
  return { uid, envelopes, json };
}

function readConnection(caseMap: GsonMap, magic: Magic) {
  const routeName = stringField(caseMap, "route");
  const route = findNamedRoute(routeName === null ? null : magic.replace(routeName));
  const routePort = route === undefined ? 0 : intField(route, "port");
  const nonEmpty = (list: string[]): string[] | undefined => (list.length > 0 ? list : undefined);
  return {
    mx: stringListField(route ?? caseMap, "mx"),
    retry: intField(caseMap, "retry"),
    delay: intField(caseMap, "delay"),
    port: routePort > 0 ? routePort : intField(caseMap, "port"),
    tls: booleanField(caseMap, "tls", true),
    protocols: nonEmpty(stringListField(caseMap, "protocols")),
    ciphers: nonEmpty(stringListField(caseMap, "ciphers")),
    greeting: readGreeting(caseMap),
    authentication: readAuthentication(caseMap),
  };
}

/** The first of helo, lhlo and ehlo that says something; the others stay empty. */
function readGreeting(caseMap: GsonMap): { helo: string; lhlo: string; ehlo: string } {
  const names = ["helo", "lhlo", "ehlo"] as const;
  const chosen = names.find((name) => !isBlank(stringField(caseMap, name)));
  const greeting = { helo: "", lhlo: "", ehlo: "" };
  if (chosen !== undefined) greeting[chosen] = stringField(caseMap, chosen) ?? "";
  return greeting;
}

/** Without `auth` the user and the flags of a case are not even looked at. */
function readAuthentication(caseMap: GsonMap): WritableObject {
  if (!booleanField(caseMap, "auth"))
    return { auth: false, authLoginCombined: false, authLoginRetry: false, username: "" };
  return {
    auth: true,
    authLoginCombined: booleanField(caseMap, "authLoginCombined"),
    authLoginRetry: booleanField(caseMap, "authLoginRetry"),
    username: stringField(caseMap, "user") ?? undefined,
  };
}

function readXclient(caseMap: GsonMap, magic: Magic): WritableObject {
  const entries = [...mapField(caseMap, "xclient")].map(([name, value]: [string, GsonValue]): [string, Writable] => [
    name,
    magic.replace(castString(value) ?? ""),
  ]);
  return Object.fromEntries(entries);
}
