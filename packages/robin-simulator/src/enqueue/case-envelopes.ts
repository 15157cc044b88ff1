import { JavaError } from "../java/java-error.ts";
import { booleanField, intField, isBlank, listField, mapField, requireText, stringField } from "./case-fields.ts";
import type { Magic } from "./case-magic.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { toWritable } from "../java/gson-writer.ts";
import type { Writable, WritableObject } from "../java/gson-writer.ts";
import { castList, castMap } from "../java/java-casts.ts";
import type { SimulatedEnvelope } from "../queue/queue.ts";

export interface CaseEnvelope {
  readonly queued: SimulatedEnvelope;
  readonly json: WritableObject;
}

export interface EnvelopeDependencies {
  readonly magic: Magic;
  readonly date: string;
  readonly newMessageId: () => string;
  /** Gives the path in the queue folder for the envelope's file, null being none. */
  readonly linkFile: (file: string | null, index: number) => string;
}

/** `repeat` gives copies of an envelope; a repeat that no test can want must not eat the memory. */
const repeatMax = 100_000;

const nullEnvelopes =
  'Cannot invoke "java.util.List.iterator()" because the return value of "com.mimecast.robin.config.client.CaseConfig.getListProperty(String)" is null';
const nullRecipients =
  'Cannot invoke "java.util.List.iterator()" because the return value of "java.util.Map.get(Object)" is null';

/** The envelope objects of a case with their repeats. */
export function expandEnvelopes(caseMap: GsonMap): GsonMap[] {
  return listField(caseMap, "envelopes", nullEnvelopes).flatMap((entry) => {
    const envelope: GsonMap = castMap(entry) ?? new Map<string, GsonValue>();
    const repeat = Math.max(0, intField(envelope, "repeat"));
    if (repeat > repeatMax) throw new JavaError("Java heap space");
    return Array.from({ length: repeat + 1 }, () => envelope);
  });
}

interface Content {
  readonly file: string | null;
  readonly mime?: WritableObject;
  readonly folder?: string;
  readonly subject?: string;
  readonly message?: string;
}

/** What Robin makes of the envelopes; one without content is dropped without a word. */
export function buildEnvelopes(caseMap: GsonMap, deps: EnvelopeDependencies): CaseEnvelope[] {
  const kept: CaseEnvelope[] = [];
  for (const envelope of expandEnvelopes(caseMap)) {
    const built = buildEnvelope(envelope, caseMap, kept.length, deps);
    if (built !== undefined) kept.push(built);
  }
  return kept;
}

function buildEnvelope(
  envelope: GsonMap,
  caseMap: GsonMap,
  index: number,
  deps: EnvelopeDependencies,
): CaseEnvelope | undefined {
  const { magic } = deps;
  const resolve = (text: string): string => magic.replaceField(magic.replace(text));
  const mail = envelope.has("mail") ? resolve(requireText(envelope.get("mail") ?? null)) : stringField(caseMap, "mail");
  const ownRcpts = listField(envelope, "rcpt", nullRecipients);
  const rcpts = (ownRcpts.length > 0 ? ownRcpts : listField(caseMap, "rcpt")).map(requireText).map(resolve);
  const params = readParams(envelope, resolve);
  const headers = readHeaders(envelope, magic);
  const transfer = readTransfer(envelope);
  const content = readContent(envelope, magic);
  if (content === undefined) return undefined;

  const file = deps.linkFile(content.file, index);
  const json: WritableObject = {
    mail: mail ?? undefined,
    rcpts,
    params,
    headers,
    prependHeaders: booleanField(envelope, "prependHeaders"),
    blackholed: false,
    botAddresses: {},
    mime: content.mime,
    file,
    folder: content.folder,
    messageSource: { path: file },
    subject: content.subject,
    message: content.message,
    date: deps.date,
    msgId: deps.newMessageId(),
    ...transfer,
    scanResults: [],
  };
  return { queued: { mail: mail ?? undefined, rcpts, file, mime: content.mime !== undefined }, json };
}

/** Robin keeps only the last of several values of a parameter. */
function readParams(envelope: GsonMap, resolve: (text: string) => string): ReadonlyMap<string, Writable> {
  const params = new Map<string, Writable>();
  for (const [name, values] of mapField(envelope, "params")) {
    const last = (castList(values) ?? []).map(requireText).at(-1);
    if (last !== undefined) params.set(name.toLowerCase(), [resolve(last)]);
  }
  return params;
}

function readHeaders(envelope: GsonMap, magic: Magic): ReadonlyMap<string, Writable> {
  const headers = new Map<string, Writable>();
  for (const [name, value] of mapField(envelope, "headers")) {
    if (typeof value === "string") headers.set(name, magic.replaceField(value));
    else if (Array.isArray(value)) {
      headers.set(name, value.map((part) => magic.replaceField(requireText(part))).join("; "));
    }
  }
  return headers;
}

function readTransfer(envelope: GsonMap): WritableObject {
  const chunkSize = intField(envelope, "chunkSize");
  return {
    chunkSize: chunkSize > 128 ? chunkSize : 0,
    chunkBdat: booleanField(envelope, "chunkBdat"),
    chunkWrite: booleanField(envelope, "chunkWrite"),
    terminateAfterBytes: intField(envelope, "terminateAfterBytes"),
    terminateBeforeDot: booleanField(envelope, "terminateBeforeDot"),
    terminateAfterDot: booleanField(envelope, "terminateAfterDot"),
    slowBytes: intField(envelope, "slowBytes"),
    slowWait: intField(envelope, "slowWait"),
    repeat: intField(envelope, "repeat"),
  };
}

/** The first of mime, file, folder, and subject with message; undefined when there is none. */
function readContent(envelope: GsonMap, magic: Magic): Content | undefined {
  const mime = mapField(envelope, "mime");
  if (mime.size > 0) return { file: null, mime: { headers: [], parts: [], map: toWritable(mime) } };
  const file = stringField(envelope, "file");
  if (file !== null && !isBlank(file)) return { file: magic.replaceField(file) };
  const folder = stringField(envelope, "folder");
  if (folder !== null && !isBlank(folder)) return { file: null, folder: magic.replaceField(folder) };
  const subject = stringField(envelope, "subject");
  const message = stringField(envelope, "message");
  if (subject === null || message === null || isBlank(subject) || isBlank(message)) return undefined;
  return { file: null, subject: magic.replaceField(subject), message: magic.replaceField(message) };
}
