import ipaddr from "ipaddr.js";
import { lookup as dnsLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";

export interface WebhookPolicy {
  /** Lets webhooks go to private addresses and over http, where the operator says so. */
  allowPrivate: boolean;
}

/** Why this URL cannot be one of a webhook; undefined when it can, as far as can be told without looking its name up. */
export function urlProblem(text: string, { allowPrivate }: WebhookPolicy): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return "is not an https URL";
  if (url.username || url.password) return "has credentials in it: verify the signature instead";
  if (url.hash) return "has a fragment";
  if (allowPrivate) return undefined;
  if (url.protocol === "http:") return "is not an https URL; WEBHOOK_ALLOW_PRIVATE would allow http";
  const host = bareHost(url);
  if (host === "localhost" || host.endsWith(".localhost") || (isIP(host) !== 0 && !isPublic(host))) {
    return "is a private address; WEBHOOK_ALLOW_PRIVATE would allow it";
  }
  return undefined;
}

export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";
  readonly code = "FORBIDDEN_ADDRESS";
}

/** Looks a name up and leaves out what is not public, at the moment of connecting: a name can change its address. */
export function publicLookup({ allowPrivate }: WebhookPolicy): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, []);
        return;
      }
      const usable = found.filter(({ address }) => allowPrivate || isPublic(address));
      const [first] = usable;
      if (!first) callback(new ForbiddenAddressError("the name has private addresses only"), []);
      else if (options.all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}

export function bareHost({ hostname }: URL): string {
  return hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
}

/** Not of loopback, a private or link-local network, multicast, documentation or the like. */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}
