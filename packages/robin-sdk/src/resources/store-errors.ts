import { isRobinError, RobinError } from "../errors.ts";

/**
 * Robin's stores explain themselves as `{error}` or as `{r:0,msg}`: both become plain text in `detail`. Some routes
 * say 400 for a folder that is not there, which becomes 404.
 */
export async function withStoreErrors<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw isRobinError(error) ? explained(error) : error;
  }
}

function explained(error: RobinError): RobinError {
  const { kind, service, endpoint, message, detail, status, cause } = error;
  const text = detail === undefined ? undefined : explanationIn(detail);
  if (text === undefined) return error;
  const isMissing = status === 400 && text === "Folder not found.";
  return new RobinError({
    kind,
    service,
    endpoint,
    message: isMissing ? message.replace(/ 400$/, " 400, which means 404") : message,
    status: isMissing ? 404 : status,
    detail: text,
    cause,
  });
}

/** Undefined for what is not Robin's JSON; it escapes only half, so its JSON can be broken. */
function explanationIn(detail: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(detail);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { error, msg } = value as { error?: unknown; msg?: unknown };
  return [error, msg].find((text) => typeof text === "string");
}
