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
