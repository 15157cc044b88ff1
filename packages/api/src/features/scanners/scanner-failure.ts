/**
 * Why a scanner could not be asked: `down`, nobody answers there; `timeout`; `garbage`, somebody else answers there;
 * `unseen`, the gateway does not ask there.
 */
type FailureKind = "down" | "timeout" | "garbage" | "unseen";

/** Its message goes on where "clamd at host:port: " ends. */
export class ScannerFailure extends Error {
  override readonly name = "ScannerFailure";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** Of everything that one look at a scanner takes. */
export const scannerDeadlineMs = 2000;

/** @throws ScannerFailure `timeout` at the deadline, whatever `run` is still waiting for. */
export async function withinDeadline<Result>(
  callerSignal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = AbortSignal.timeout(scannerDeadlineMs);
  const signal = callerSignal ? AbortSignal.any([deadline, callerSignal]) : deadline;
  const ended = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new ScannerFailure("timeout", `no answer within ${scannerDeadlineMs} ms`));
    });
  });
  return Promise.race([run(signal), ended]);
}

/** What a socket reports when nobody is there, by its code alone: its text names the address. */
export function connectionFailure(error: Error): ScannerFailure {
  const { code } = error as { code?: string };
  const refused = code === "ECONNREFUSED" ? "the connection was refused" : "the connection failed";
  return new ScannerFailure("down", refused, { cause: error });
}
