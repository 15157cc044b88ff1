import ky from "ky";
import { fetch as undiciFetch } from "undici";
import { type ConnectionKind, createRobinAgent } from "./agent.ts";
import { authorizationHeader, baseUrl, limitsOf, type RobinClientConfig } from "./config.ts";
import { abandoned, httpError, invalidResponse, named, translate } from "./call-errors.ts";
import { startDeadline, type Deadline } from "./deadline.ts";
import { InvalidResponseError, isRobinError, type LongWork, RobinError, type RobinService } from "./errors.ts";
import { describeFailure } from "./failures.ts";
import { announcedSize, headersOf, requireMediaType } from "./http-headers.ts";
import { createPortPolicy, lateBecause, type BreakerState } from "./policies.ts";
import type { CallOptions, CallSpan, PortLoad, RobinCall, RobinExchange, RobinRequest } from "./calls.ts";
import { uploadBody } from "./request-body.ts";
import { readBody, readDetail } from "./response-body.ts";
import { pumpBody, type RobinStream } from "./streaming.ts";

export type { CallOptions, CallSpan, PortLoad, RobinCall, RobinExchange, RobinRequest } from "./calls.ts";

export interface Transport {
  /** Rejects with RobinError; with RobinInputError, before anything is sent, for a timeoutMs that is none. */
  call<T>(request: RobinRequest<T>, options?: CallOptions): Promise<T>;
  /**
   * As `call`, but resolves when the answer begins. The deadline covers reading the body, and so does the place in
   * our line: until the body is read or cancelled, Robin's one thread may be waiting for it.
   */
  stream(request: RobinExchange, options?: CallOptions): Promise<RobinStream>;
  breakers(): Record<RobinService, BreakerState>;
  load(): Record<RobinService, PortLoad>;
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

/** What the tries of one call share. */
interface Attempt extends Deadline {
  traceparent: string | undefined;
}

type Once<A> = (request: RobinExchange, attempt: Attempt, fresh: boolean) => Promise<A>;

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
  async function open(request: RobinExchange, attempt: Attempt, kind: ConnectionKind): Promise<OpenAnswer> {
    const { signal, traceparent } = attempt;
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
            headers: headersOf(request, { authorization, traceparent }),
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

  async function exchange(request: RobinExchange, attempt: Attempt, fresh: boolean): Promise<Answer> {
    const { response, release } = await open(request, attempt, fresh ? "fresh" : "pooled");
    try {
      const body = await readBody(response, limits.responseBytesMax);
      requireMediaType(request, response);
      return { status: response.status, body };
    } finally {
      release();
    }
  }

  async function openBody(request: RobinExchange, attempt: Attempt): Promise<OpenAnswer> {
    const opened = await open(request, attempt, "streamed");
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
  async function tryTwice<A>(request: RobinExchange, attempt: Attempt, once: Once<A>): Promise<A> {
    const isFresh = request.large === true;
    try {
      return await once(request, attempt, isFresh);
    } catch (error) {
      const mayRetry = request.method === "GET" && !attempt.signal.aborted;
      if (!mayRetry || isRobinError(error) || !describeFailure(error).isReset) throw translate(error, request, attempt);
    }
    try {
      // Not from the pool: its other connections may be as stale as the first.
      return await once(request, attempt, true);
    } catch (error) {
      throw translate(error, request, attempt);
    }
  }

  /** Deadline, line, breaker and report of one call; `work` runs inside the line, `finish` after it. */
  async function run<T, A extends { status: number }>(
    request: RobinExchange,
    options: CallOptions | undefined,
    steps: { work: (attempt: Attempt, onStatus: (status: number) => void) => Promise<A>; finish: (answer: A) => T },
  ): Promise<T> {
    const startedAt = performance.now();
    const deadline = startDeadline(options?.timeoutMs ?? limits.timeoutMs, options?.signal);
    const span = startSpan(request, options?.traceparent);
    const traced = { ...deadline, traceparent: span?.traceparent ?? options?.traceparent };
    let status: number | undefined;
    let outcome: RobinCall["outcome"] = "ok";
    const onStatus = (answered: number): void => {
      status = answered;
    };
    const { policy } = ports[request.service];
    try {
      if (closing) throw new RobinError({ ...named(request), kind: "aborted", message: "The Robin client is closed" });
      const answer = await policy.run(
        {
          endpoint: request.endpoint,
          signal: deadline.signal,
          lane: request.lane,
          hurried: deadline.timeoutMs < limits.timeoutMs / 2,
        },
        () => steps.work(traced, onStatus).catch((error: unknown) => answeredError(request, error)),
      );
      if (isRobinError(answer)) throw answer;
      onStatus(answer.status);
      return steps.finish(answer);
    } catch (error) {
      const failure = explained(translate(error, request, deadline), policy.busyWith());
      outcome = failure.kind;
      status ??= failure.status;
      throw failure;
    } finally {
      deadline.clear();
      const call: RobinCall = {
        ...named(request),
        method: request.method,
        outcome,
        ...(status === undefined ? {} : { status }),
        durationMs: performance.now() - startedAt,
      };
      for (const listener of [config.onCall, options?.onCall, span?.end.bind(span)]) notify(listener, call);
    }
  }

  /** Nothing where nobody traces, or who traces fails. */
  function startSpan({ service, endpoint, method }: RobinExchange, parent: string | undefined): CallSpan | undefined {
    try {
      return config.startSpan?.({ service, endpoint, method, parent });
    } catch {
      return undefined;
    }
  }

  function runStream(request: RobinExchange, options: CallOptions | undefined, onOpen: (stream: RobinStream) => void) {
    const work = async (traced: Attempt, onStatus: (status: number) => void): Promise<{ status: number }> => {
      const { response, release } = await tryTwice(request, traced, openBody);
      onStatus(response.status);
      try {
        const { body, done } = pumpBody(response, traced.signal, {
          translate: (error) => translate(error, request, traced),
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
      const work = (traced: Attempt) => tryTwice(request, traced, exchange);
      return track(run(request, options, { work, finish: (answer) => parsed(request, answer) }));
    },
    stream(request, options) {
      return new Promise((resolve, reject) => {
        track(runStream(request, options, resolve)).catch(reject);
      });
    },
    breakers: () => ({ client: ports.client.policy.state(), service: ports.service.policy.state() }),
    load: () => ({ client: ports.client.policy.load(), service: ports.service.policy.load() }),
    close() {
      closing ??= Promise.allSettled([...running]).then(() => agent.close());
      return closing;
    },
  };
}

/** For who was late while still in our line; who was late at Robin has been told by the policy. */
function explained(failure: RobinError, busyWith: LongWork | undefined): RobinError {
  return failure.kind === "timeout" && busyWith && !failure.busyWith ? lateBecause(busyWith, failure) : failure;
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
