/** Version, trace, parent and flags; later versions may add fields. */
const traceparentPattern = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/**
 * The `traceparent` of a request (W3C Trace Context) if it is valid, as version 00.
 * @param given the header as Node has it: repeated ones are joined, and then it is not valid.
 */
export function takeTraceparent(given: string | string[] | undefined): string | undefined {
  if (typeof given !== "string") return undefined;
  const [, version, traceId, parentId, flags, more] = traceparentPattern.exec(given) ?? [];
  if (version === undefined || (version === "00" && more !== undefined)) return undefined;
  return `00-${traceId ?? ""}-${parentId ?? ""}-${flags ?? ""}`;
}

/** Of a valid traceparent. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.slice(3, 35);
}
