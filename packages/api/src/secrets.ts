import { isDeepStrictEqual } from "node:util";

/** Stands for every secret. A document sent back with it keeps the secret that was there. */
export const mask = "********";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Keys whose value is a secret, whatever stands around the word: keystorepassword, apiKey, authValue, pass. */
const secretKey =
  /pass(word|wd|phrase)?$|secret|token|credential|auth_?value|(api|private|access|encryption|signing)_?key/i;
/** Where a secret is part of a longer text: user:password@host, and password=... in JDBC URLs. */
const credentialsInUrl = /(:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g;
const passwordInQuery = /((?:password|passwd|pwd|secret|token)=)[^&;\s]+/gi;

/** A copy of the value in which every secret is masked; an empty secret stays empty, so that it shows as unset. */
export function maskSecrets(value: Json): Json {
  if (typeof value === "string")
    return value.replace(credentialsInUrl, `$1${mask}`).replace(passwordInQuery, `$1${mask}`);
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, secretKey.test(key) ? maskWhole(item) : maskSecrets(item)]),
  );
}

function maskWhole(value: Json): Json {
  if (value === "" || value === null || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(maskWhole);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskWhole(item)]));
  }
  return mask;
}

/**
 * The counterpart for a document, or a part of it, that is sent back: what reads as a secret of `current` does when it
 * is masked becomes that secret again. An element of a list is the one that reads the same, or bears the same name.
 * `unknown` are the paths of masks that stand for nothing, because what is around them was changed.
 */
export function unmaskSecrets(sent: Json, current: Json | undefined): { value: Json; unknown: string[] } {
  const unknown: string[] = [];
  const value = unmask(sent, { current, masked: maskSecrets(current ?? null) }, "", unknown);
  return { value, unknown };
}

interface Original {
  current: Json | undefined;
  masked: Json | undefined;
}

function unmask(sent: Json, { current, masked }: Original, path: string, unknown: string[]): Json {
  if (typeof sent === "string") {
    if (!sent.includes(mask)) return sent;
    if (sent === masked && current !== undefined) return current;
    unknown.push(path);
    return sent;
  }
  if (typeof sent !== "object" || sent === null) return sent;
  const inner = (key: string) => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(sent)) {
    return sent.map((part, index) =>
      unmask(part, originalOf(part, index, { current, masked }), inner(String(index)), unknown),
    );
  }
  return Object.fromEntries(
    Object.entries(sent).map(([key, part]) => {
      const original = { current: member(current, key), masked: member(masked, key) };
      return [key, unmask(part, original, inner(key), unknown)];
    }),
  );
}

const member = (value: Json | undefined, key: string): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)
    ? value[key]
    : undefined;

const nameKeys = ["name", "id", "username", "user", "host"];

function originalOf(part: Json, place: number, { current, masked }: Original): Original {
  if (!Array.isArray(current) || !Array.isArray(masked)) return { current: undefined, masked: undefined };
  const isAlike = (candidate: Json | undefined) => isDeepStrictEqual(candidate, part);
  let index = isAlike(masked[place]) ? place : masked.findIndex(isAlike);
  for (const key of nameKeys) {
    const name = member(part, key);
    if (index < 0 && typeof name === "string") index = masked.findIndex((other) => member(other, key) === name);
  }
  return { current: current[index], masked: masked[index] };
}
