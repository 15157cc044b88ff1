/** Of the socket, and SQLSTATE classes 08 (connection), 53 (resources) and 57P (shutting down, starting up). */
const codes = /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|08\w{3}|53\w{3}|57P\w{2})$/;

/** What the drivers say without a code. */
const messages =
  /^(Connection (is closed|terminated|ended)|Client has encountered a connection error|Stream isn't writeable|Command timed out|Query read timeout|timeout expired)|\btimeout exceeded\b|\bconnection timeout\b|\bmax retries per request\b/i;

/** True when the server could not be reached, so that the same call may succeed later. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string") return codes.test(error.code);
  return messages.test(error.message);
}
