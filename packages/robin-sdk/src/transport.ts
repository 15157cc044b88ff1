import ky from "ky";
import { fetch as undiciFetch } from "undici";
import { createRobinAgent } from "./agent.ts";
import { authorizationHeader, baseUrl, limitsOf, type RobinClientConfig } from "./config.ts";
import { httpError, invalidResponse, named, translate } from "./call-errors.ts";
import { startDeadline, type Deadline } from "./deadline.ts";
import { InvalidResponseError, isRobinError, RobinError, type RobinErrorKind, type RobinService } from "./errors.ts";
import { describeFailure } from "./failures.ts";
import { createPortPolicy, type BreakerState } from "./policies.ts";
import { uploadBody } from "./request-body.ts";
import { mediaTypeOf, readBody, readDetail } from "./response-body.ts";

export interface CallOptions {
  /** Ends the call, down to the socket; it then rejects with kind `aborted`. */
  signal?: AbortSignal | undefined;
  /** Deadline of the whole call in milliseconds: waiting, trying twice and reading included. */
  timeoutMs?: number | undefined;
}

/** One finished call, however it ended; `status` is absent when Robin did not answer. */
export interface RobinCall {
  service: RobinService;
  /** Robin's route pattern: the number of different values is bounded. */
  endpoint: string;
  method: string;
  outcome: "ok" | RobinErrorKind;
  status?: number;
  durationMs: number;
}

export interface RobinRequest<T> {
  service: RobinService;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Route pattern for errors and metrics. */
  endpoint: string;
  /** Encoded path; the endpoint when absent. */
  path?: string;
  query?: URLSearchParams;
  body?: Uint8Array;
  /** Content type of `body`. */
  contentType?: string;
  /** What a 2xx answer must be, as sent in its content type. Checked before anything is parsed. */
  mediaType: "application/json" | "text/html" | "text/plain";
  /** Asks for a fresh connection: set it for answers or bodies that may be large. */
  large?: boolean;
  /** Called with the body of a 2xx answer; may throw InvalidResponseError or a ZodError. */
  parse: (body: Buffer) => T;
}

export interface Transport {
  /** Rejects with RobinError; with RobinInputError, before anything is sent, for a timeoutMs that is none. */
  call<T>(request: RobinRequest<T>, options?: CallOptions): Promise<T>;
  breakers(): Record<RobinService, BreakerState>;
  /** Lets running calls end (their deadlines bound this), then closes every connection. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body: Buffer;
}

export function createTransport(config: RobinClientConfig): Transport {
  const limits = limitsOf(config);
  const agent = createRobinAgent(limits.maxConnections);
  const ports = { client: createPort("client"), service: createPort("service") };
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  function createPort(service: RobinService) {
    const api = service === "client" ? config.clientApi : config.serviceApi;
    const policy = createPortPolicy({
      service,
      ...limits,
      onBreakerChange: (change) => {
        notify(config.onBreakerChange, change);
      },
    });
    return { base: baseUrl(api.url), authorization: authorizationHeader(api.auth), policy };
  }

  async function exchange<T>(request: RobinRequest<T>, signal: AbortSignal, fresh: boolean): Promise<Answer> {
    const { base, authorization } = ports[request.service];
    const query = request.query?.size ? `?${request.query.toString()}` : "";
    const url = new URL(`${base}${request.path ?? request.endpoint}${query}`);
    const lease = agent.lease(request.service, fresh);
    try {
      // Headers, body and signal go to undici directly: ky would copy the body and keep the credentials in its errors.
      const response = await ky(url, {
        method: request.method,
        retry: 0,
        timeout: false,
        throwHttpErrors: false,
        fetch: async () =>
          (await undiciFetch(url, {
            method: request.method,
            headers: headersOf(request, authorization),
            body: uploadBody(request.body),
            duplex: "half",
            redirect: "manual",
            dispatcher: lease.dispatcher,
            signal,
          })) as unknown as Response,
      });
      if (!response.ok) throw httpError(request, response.status, await readDetail(response));
      const body = await readBody(response, limits.responseBytesMax);
      const mediaType = mediaTypeOf(response);
      if (mediaType !== request.mediaType) {
        const problem = `Robin answered ${mediaType ?? "no content type"} where ${request.mediaType} was due`;
        throw invalidResponse(request, problem, response.status);
      }
      return { status: response.status, body };
    } finally {
      lease.release();
    }
  }

  /** One exchange, or two for a GET whose connection broke. Rejects with RobinErrors only. */
  async function attempt<T>(request: RobinRequest<T>, deadline: Deadline): Promise<Answer> {
    const isFresh = request.large === true;
    try {
      return await exchange(request, deadline.signal, isFresh);
    } catch (error) {
      const mayRetry = request.method === "GET" && !deadline.signal.aborted;
      if (!mayRetry || isRobinError(error) || !describeFailure(error).isReset)
        throw translate(error, request, deadline);
    }
    try {
      // Not from the pool: its other connections may be as stale as the first.
      return await exchange(request, deadline.signal, true);
    } catch (error) {
      throw translate(error, request, deadline);
    }
  }

  async function run<T>(request: RobinRequest<T>, options: CallOptions | undefined): Promise<T> {
    const startedAt = performance.now();
    const deadline = startDeadline(options?.timeoutMs ?? limits.timeoutMs, options?.signal);
    let status: number | undefined;
    let outcome: RobinCall["outcome"] = "ok";
    try {
      if (closing) throw new RobinError({ ...named(request), kind: "aborted", message: "The Robin client is closed" });
      const { policy } = ports[request.service];
      const answer = await policy.run(request.endpoint, deadline.signal, () => attempt(request, deadline));
      status = answer.status;
      return parsed(request, answer);
    } catch (error) {
      const failure = translate(error, request, deadline);
      outcome = failure.kind;
      status ??= failure.status;
      throw failure;
    } finally {
      deadline.clear();
      notify(config.onCall, {
        ...named(request),
        method: request.method,
        outcome,
        ...(status === undefined ? {} : { status }),
        durationMs: performance.now() - startedAt,
      });
    }
  }

  return {
    call(request, options) {
      const call = run(request, options);
      running.add(call);
      const forget = () => running.delete(call);
      call.then(forget, forget);
      return call;
    },
    breakers: () => ({ client: ports.client.policy.state(), service: ports.service.policy.state() }),
    close() {
      closing ??= Promise.allSettled([...running]).then(() => agent.close());
      return closing;
    },
  };
}

function headersOf<T>(request: RobinRequest<T>, authorization: string | undefined): Record<string, string> {
  return {
    accept: request.mediaType,
    "accept-encoding": "identity",
    "user-agent": "robin-sdk",
    ...(request.body === undefined ? {} : { "content-length": String(request.body.byteLength) }),
    ...(request.contentType === undefined ? {} : { "content-type": request.contentType }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function parsed<T>(request: RobinRequest<T>, answer: Answer): T {
  try {
    return request.parse(answer.body);
  } catch (error) {
    const problem = error instanceof InvalidResponseError ? error.message : "Robin's answer has not the expected shape";
    throw invalidResponse(request, problem, answer.status, error);
  }
}

/** Observers must not change the outcome of a call, so what they throw is dropped. */
function notify<E>(listener: ((event: E) => void) | undefined, event: E): void {
  try {
    listener?.(event);
  } catch {
    // Deliberately empty, see above.
  }
}
