import { invalidResponse } from "./call-errors.ts";
import { mediaTypeOf } from "./response-body.ts";
import type { RobinExchange } from "./transport.ts";

/** Throws the RobinError `invalid-response`. */
export function requireMediaType(request: RobinExchange, response: Response): void {
  const mediaType = mediaTypeOf(response);
  if (mediaType === request.mediaType) return;
  const problem = `Robin answered ${mediaType ?? "no content type"} where ${request.mediaType} was due`;
  throw invalidResponse(request, problem, response.status);
}

/** Nothing where Robin announced nothing, or no number. */
export function announcedSize(response: Response): { sizeBytes?: number } {
  const length = response.headers.get("content-length");
  return length === null || !/^\d+$/.test(length) ? {} : { sizeBytes: Number(length) };
}

export function headersOf(
  request: RobinExchange,
  { authorization, traceparent }: { authorization: string | undefined; traceparent: string | undefined },
): Record<string, string> {
  return {
    accept: request.mediaType,
    "accept-encoding": "identity",
    "user-agent": "robin-sdk",
    ...(request.body === undefined ? {} : { "content-length": String(request.body.byteLength) }),
    ...(request.contentType === undefined ? {} : { "content-type": request.contentType }),
    ...(authorization === undefined ? {} : { authorization }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
