import Negotiator from "negotiator";

export type ContentEncoding = "identity" | "gzip" | "br";

const encodings: ContentEncoding[] = ["gzip", "br", "identity"];

/** What to send to who accepts this, in his own order. Without any word about it, as it is. */
export const encodingFor = remembering("identity", (acceptEncoding): ContentEncoding => {
  const negotiator = new Negotiator({ headers: { "accept-encoding": acceptEncoding } });
  return (negotiator.encoding(encodings) ?? "identity") as ContentEncoding;
});

/** Browsers that go to a page name HTML before everything else; programs name JSON, or nothing in particular. */
export const prefersHtml = remembering(false, (accept): boolean => {
  return new Negotiator({ headers: { accept } }).mediaType(["application/json", "text/html"]) === "text/html";
});

/** Clients write a handful of different ones. */
const rememberedMax = 100;

function remembering<Decision>(otherwise: Decision, decide: (header: string) => Decision) {
  const decisions = new Map<string, Decision>();
  return (header: string | undefined): Decision => {
    if (header === undefined) return otherwise;
    const known = decisions.get(header);
    if (known !== undefined) return known;
    const decision = decide(header);
    if (decisions.size < rememberedMax) decisions.set(header, decision);
    return decision;
  };
}
