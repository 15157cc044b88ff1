import { buildEnvelopes } from "./case-envelopes.ts";
import type { CaseEnvelope } from "./case-envelopes.ts";
import { JavaError } from "../java/java-error.ts";
import { booleanField, intField, isBlank, listField, mapField, requireText, stringField } from "./case-fields.ts";
import { createMagic } from "./case-magic.ts";
import type { Magic } from "./case-magic.ts";
import { clientDefaults, defaultRecipient, defaultSender, findNamedRoute } from "./client-defaults.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { toWritable } from "../java/gson-writer.ts";
import type { Writable, WritableObject } from "../java/gson-writer.ts";
import { formatJavaDate } from "../java/java-date.ts";
import { castString } from "../java/java-casts.ts";
import type { ServerFiles } from "./server-files.ts";

export interface CaseSession {
  readonly uid: string;
  readonly envelopes: readonly CaseEnvelope[];
  /** Set when the list page cannot show the item; see SimulatedQueueItem. */
  readonly listError: string | undefined;
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
  const behaviour = listField(
    caseMap,
    "behaviour",
    'Cannot invoke "java.util.Collection.toArray()" because "c" is null',
  );
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
    mx: mx.map(toWritable),
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
    behaviour: behaviour.map(toWritable),
    envelopes: envelopes.map((envelope) => envelope.json),
    sessionTransactionList: { envelopes: [], transactions: [] },
  };
  return { uid, envelopes, json, listError: findListError([...mx, ...behaviour]) };
}

/** Robin takes anything into these lists, and stumbles when it reads the item back. */
function findListError(values: readonly GsonValue[]): string | undefined {
  try {
    for (const value of values) castString(value);
    return undefined;
  } catch (error) {
    if (error instanceof JavaError) return error.message;
    throw error;
  }
}

function readConnection(caseMap: GsonMap, magic: Magic) {
  const route = findNamedRoute(caseMap.has("route") ? magic.replace(requireText(caseMap.get("route") ?? null)) : null);
  const routePort = route === undefined ? 0 : intField(route, "port");
  const texts = (name: string): string[] | undefined => {
    const list = listField(caseMap, name).map((value) => castString(value) ?? "");
    return list.length > 0 ? list : undefined;
  };
  return {
    mx: listField(route ?? caseMap, "mx", 'Cannot invoke "java.util.List.size()" because "list" is null'),
    retry: intField(caseMap, "retry"),
    delay: intField(caseMap, "delay"),
    port: routePort > 0 ? routePort : intField(caseMap, "port"),
    tls: booleanField(caseMap, "tls", true),
    protocols: texts("protocols"),
    ciphers: texts("ciphers"),
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
    magic.replace(requireText(value)),
  ]);
  return Object.fromEntries(entries);
}
