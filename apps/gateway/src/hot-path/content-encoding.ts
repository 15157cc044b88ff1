import Negotiator from "negotiator";

export type ContentEncoding = "identity" | "gzip" | "br";

const encodings: ContentEncoding[] = ["gzip", "br", "identity"];

/** Browsers write a handful of different ones. */
const remembered = new Map<string, ContentEncoding>();
const rememberedMax = 100;

/** What to send to who accepts this, in his own order. Without any word about it, as it is. */
export function encodingFor(acceptEncoding: string | undefined): ContentEncoding {
  if (acceptEncoding === undefined) return "identity";
  const known = remembered.get(acceptEncoding);
  if (known) return known;
  const negotiator = new Negotiator({ headers: { "accept-encoding": acceptEncoding } });
  const encoding = (negotiator.encoding(encodings) ?? "identity") as ContentEncoding;
  if (remembered.size < rememberedMax) remembered.set(acceptEncoding, encoding);
  return encoding;
}
