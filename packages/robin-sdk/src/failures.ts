/** Codes of a connection that was there and broke: Robin drops it after idling, or on its own bugs. */
const resetCodes = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/**
 * What a failed exchange was, in our terms. Undici and ky errors hold requests, sockets and raw bytes, so only a code
 * and a text without addresses are taken over.
 */
export interface TransportFailure {
  kind: "network" | "timeout" | "invalid-response";
  /** The connection broke; a GET may be tried once more. */
  isReset: boolean;
  message: string;
  cause: Error;
}

export function describeFailure(error: unknown): TransportFailure {
  const { name, code, message } = innermost(error);
  const cause = Object.assign(new Error(code === undefined ? message : `${code}: ${message}`), code ? { code } : {});
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return { kind: "timeout", isReset: false, message: "no connection in time", cause };
  }
  // The parser gives a code only for some of its errors.
  if (name === "HTTPParserError" || code === "UND_ERR_HEADERS_OVERFLOW") {
    return { kind: "invalid-response", isReset: false, message: "the answer was not HTTP", cause };
  }
  if (code !== undefined && resetCodes.has(code)) {
    return { kind: "network", isReset: true, message: "the connection was closed without a complete answer", cause };
  }
  return { kind: "network", isReset: false, message: code ? `no connection (${code})` : "the exchange failed", cause };
}

interface Innermost {
  name: string;
  code: string | undefined;
  message: string;
}

function innermost(error: unknown): Innermost {
  let found: Innermost = { name: "", code: undefined, message: "unknown failure" };
  // Bounded: causes could form a circle.
  for (let depth = 0, current = error; depth < 8 && current instanceof Error; depth += 1) {
    const code: unknown = "code" in current ? current.code : undefined;
    found = { name: current.name, code: typeof code === "string" ? code : found.code, message: current.message };
    current = firstOf(current);
  }
  return found;
}

function firstOf(error: Error): unknown {
  if (error.cause !== undefined) return error.cause;
  // Happy eyeballs: one error per address tried.
  return error instanceof AggregateError ? error.errors[0] : undefined;
}
