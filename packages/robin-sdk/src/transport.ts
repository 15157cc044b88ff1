import ky from "ky";
import { fetch as undiciFetch } from "undici";
import { type ConnectionKind, createRobinAgent } from "./agent.ts";
import { authorizationHeader, baseUrl, limitsOf, type RobinClientConfig } from "./config.ts";
import { abandoned, httpError, invalidResponse, named, translate } from "./call-errors.ts";
import { startDeadline, type Deadline } from "./deadline.ts";
import { InvalidResponseError, isRobinError, RobinError, type RobinErrorKind, type RobinService } from "./errors.ts";
import { describeFailure } from "./failures.ts";
import { announcedSize, headersOf, requireMediaType } from "./http-headers.ts";
import { createPortPolicy, type BreakerState } from "./policies.ts";
import { uploadBody } from "./request-body.ts";
import { readBody, readDetail } from "./response-body.ts";
import { pumpBody, type RobinStream } from "./streaming.ts";

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

export interface RobinExchange {
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
  /** Asks for a fresh connection: set it for answers or bodies that may be large. Streams have one anyway. */
  large?: boolean;
  /** Statuses from 500 on that tell about what was asked, not about Robin's health: the breaker does not count them. */
  answeredErrors?: readonly number[];
}

export interface RobinRequest<T> extends RobinExchange {
  /** Called with the body of a 2xx answer; may throw InvalidResponseError or a ZodError. */
  parse: (body: Buffer) => T;
}

export interface Transport {
  /** Rejects with RobinError; with RobinInputError, before anything is sent, for a timeoutMs that is none. */
  call<T>(request: RobinRequest<T>, options?: CallOptions): Promise<T>;
  /**
   * As `call`, but resolves when the answer begins. The deadline covers reading the body, and so does the place in
   * our line: until the body is read or cancelled, Robin's one thread may be waiting for it.
   */
  stream(request: RobinExchange, options?: CallOptions): Promise<RobinStream>;
  breakers(): Record<RobinService, BreakerState>;
  /** Lets running calls end (their deadlines bound this), then closes every connection. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body: Buffer;
}

interface OpenAnswer {
  response: Response;
  release: () => void;
}

type Once<A> = (request: RobinExchange, signal: AbortSignal, fresh: boolean) => Promise<A>;

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

  /** Resolves with a 2xx answer whose body is still to be read; then `release` must be called. */
  async function open(request: RobinExchange, signal: AbortSignal, kind: ConnectionKind): Promise<OpenAnswer> {
    const { base, authorization } = ports[request.service];
    const query = request.query?.size ? `?${request.query.toString()}` : "";
    const url = new URL(`${base}${request.path ?? request.endpoint}${query}`);
    const lease = agent.lease(request.service, kind);
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
      return { response, release: lease.release };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  async function exchange(request: RobinExchange, signal: AbortSignal, fresh: boolean): Promise<Answer> {
    const { response, release } = await open(request, signal, fresh ? "fresh" : "pooled");
    try {
      const body = await readBody(response, limits.responseBytesMax);
      requireMediaType(request, response);
      return { status: response.status, body };
    } finally {
      release();
    }
  }

  async function openBody(request: RobinExchange, signal: AbortSignal): Promise<OpenAnswer> {
    const opened = await open(request, signal, "streamed");
    try {
      requireMediaType(request, opened.response);
      return opened;
    } catch (error) {
      await opened.response.body?.cancel();
      opened.release();
      throw error;
    }
  }

  /** One exchange, or two for a GET whose connection broke. Rejects with RobinErrors only. */
  async function attempt<A>(request: RobinExchange, deadline: Deadline, once: Once<A>): Promise<A> {
    const isFresh = request.large === true;
    try {
      return await once(request, deadline.signal, isFresh);
    } catch (error) {
      const mayRetry = request.method === "GET" && !deadline.signal.aborted;
      if (!mayRetry || isRobinError(error) || !describeFailure(error).isReset)
        throw translate(error, request, deadline);
    }
    try {
      // Not from the pool: its other connections may be as stale as the first.
      return await once(request, deadline.signal, true);
    } catch (error) {
      throw translate(error, request, deadline);
    }
  }

  /** Deadline, line, breaker and report of one call; `work` runs inside the line, `finish` after it. */
  async function run<T, A extends { status: number }>(
    request: RobinExchange,
    options: CallOptions | undefined,
    steps: { work: (deadline: Deadline, onStatus: (status: number) => void) => Promise<A>; finish: (answer: A) => T },
  ): Promise<T> {
    const startedAt = performance.now();
    const deadline = startDeadline(options?.timeoutMs ?? limits.timeoutMs, options?.signal);
    let status: number | undefined;
    let outcome: RobinCall["outcome"] = "ok";
    const onStatus = (answered: number): void => {
      status = answered;
    };
    try {
      if (closing) throw new RobinError({ ...named(request), kind: "aborted", message: "The Robin client is closed" });
      const { policy } = ports[request.service];
      const answer = await policy.run(
        request.endpoint,
        deadline.signal,
        () => steps.work(deadline, onStatus).catch((error: unknown) => answeredError(request, error)),
        deadline.timeoutMs < limits.timeoutMs / 2,
      );
      if (isRobinError(answer)) throw answer;
      onStatus(answer.status);
      return steps.finish(answer);
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

  function runStream(request: RobinExchange, options: CallOptions | undefined, onOpen: (stream: RobinStream) => void) {
    const work = async (deadline: Deadline, onStatus: (status: number) => void): Promise<{ status: number }> => {
      const { response, release } = await attempt(request, deadline, openBody);
      onStatus(response.status);
      try {
        const { body, done } = pumpBody(response, deadline.signal, {
          translate: (error) => translate(error, request, deadline),
          abandoned: () => abandoned(request),
        });
        onOpen({ ...announcedSize(response), body });
        await done;
        return { status: response.status };
      } finally {
        release();
      }
    };
    return run(request, options, { work, finish: () => undefined });
  }

  /** Keeps `close` waiting until the call has ended. */
  function track<T>(call: Promise<T>): Promise<T> {
    running.add(call);
    const forget = () => running.delete(call);
    call.then(forget, forget);
    return call;
  }

  return {
    call(request, options) {
      const work = (deadline: Deadline) => attempt(request, deadline, exchange);
      return track(run(request, options, { work, finish: (answer) => parsed(request, answer) }));
    },
    stream(request, options) {
      return new Promise((resolve, reject) => {
        track(runStream(request, options, resolve)).catch(reject);
      });
    },
    breakers: () => ({ client: ports.client.policy.state(), service: ports.service.policy.state() }),
    close() {
      closing ??= Promise.allSettled([...running]).then(() => agent.close());
      return closing;
    },
  };
}

/** The error of an answer that the breaker shall take for a success; throws every other error. */
function answeredError(request: RobinExchange, error: unknown): RobinError {
  const isAnswer = isRobinError(error) && error.kind === "http" && error.status !== undefined;
  if (isAnswer && request.answeredErrors?.includes(error.status)) return error;
  throw error;
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
