import { Agent, type OutgoingHttpHeaders, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { percentile } from "../statistics.ts";

export interface Answer {
  status: number;
  ms: number;
  rawHeaders: string[];
  body: Buffer;
}

export interface AskOptions {
  agent?: Agent | false;
  headers?: OutgoingHttpHeaders | undefined;
  timeoutMs?: number;
}

/** One request by Node's plain client. Rejects with the socket's error. */
export function ask(
  url: string,
  { agent = false, headers = {}, timeoutMs = 30_000 }: AskOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const req = request(url, { agent, headers, timeout: timeoutMs }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () => {
        const { statusCode: status = 0, rawHeaders } = res;
        resolve({ status, ms: performance.now() - startedAt, rawHeaders, body: Buffer.concat(chunks) });
      });
    });
    req.on("timeout", () => req.destroy(Object.assign(new Error("no answer"), { code: "NO_ANSWER" })));
    req.on("error", (error: Error) => {
      reject(Object.assign(error, { reused: req.reusedSocket }));
    });
    req.end();
  });
}

/** What a crowd of clients got. */
export class Tally {
  readonly statuses = new Map<number, number>();
  /** By the code of Node's error, and whether it was the connection's first request. */
  readonly socketErrors = new Map<string, number>();
  /** Of the answers, in order of arrival. */
  readonly latencies: number[] = [];
  /** Answers from 400 on without a `message` for a person. */
  withoutSentence = 0;

  add({ status, ms, body }: Answer): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.latencies.push(ms);
    if (status >= 400 && !/"message":"[^"]/.test(body.toString("latin1"))) this.withoutSentence += 1;
  }

  fail(error: unknown): void {
    const { code: name = String(error), reused } = error as NodeJS.ErrnoException & { reused?: boolean };
    const code = reused ? `${name} on a used connection` : name;
    this.socketErrors.set(code, (this.socketErrors.get(code) ?? 0) + 1);
  }

  /** Answers whose status is none of these. */
  otherThan(...expected: number[]): number {
    return sum([...this.statuses].filter(([status]) => !expected.includes(status)));
  }

  get answers(): number {
    return this.latencies.length;
  }

  get errors(): number {
    return sum([...this.socketErrors]);
  }

  p(share: number): number {
    return percentile(this.latencies, share);
  }

  /** Such as `200: 4711, 503: 2, ECONNRESET: 1`. */
  get words(): string {
    const counts = [...this.statuses, ...this.socketErrors].map(([what, count]) => `${what}: ${count}`);
    return counts.join(", ") || "nothing";
  }
}

const sum = (counts: [unknown, number][]): number => counts.reduce((total, [, count]) => total + count, 0);

export interface CrowdOptions {
  /** The address of the n-th request. */
  url: (index: number) => string;
  headers?: OutgoingHttpHeaders | undefined;
  clients: number;
  /** Of all clients together; absent means each asks again at once. */
  perSecond?: number;
  /** A fresh connection for each request. */
  close?: boolean;
  timeoutMs?: number;
  tally?: Tally;
  /** Ends when it resolves; what runs is waited for. */
  until: Promise<unknown>;
}

/** Clients of this process, each with one request at a time. Steady rates are for latencies, the rest for counting. */
export async function crowd(options: CrowdOptions): Promise<Tally> {
  const { tally = new Tally(), clients, perSecond } = options;
  const agent = options.close ? false : new Agent({ keepAlive: true, maxSockets: clients, scheduling: "fifo" });
  const stop = new AbortController();
  const end = () => {
    stop.abort();
  };
  options.until.then(end, end);
  const isOver = () => stop.signal.aborted;
  let index = 0;
  const pauseMs = perSecond === undefined ? undefined : (1000 * clients) / perSecond;
  const client = async (number: number): Promise<void> => {
    const startedAt = performance.now() + (pauseMs === undefined ? 0 : (pauseMs * number) / clients);
    for (let round = 0; !isOver(); round += 1) {
      if (pauseMs !== undefined) {
        const early = startedAt + round * pauseMs - performance.now();
        if (early > 0) await wait(early);
        if (isOver()) break;
      }
      try {
        const { headers, timeoutMs } = options;
        tally.add(await ask(options.url(index++), { agent, headers, ...(timeoutMs && { timeoutMs }) }));
      } catch (error) {
        tally.fail(error);
        // A closed port must not become a loop that starves everything else.
        await wait(5);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_unused, number) => client(number)));
  if (agent) agent.destroy();
  await options.until;
  return tally;
}

export function seconds(count: number): Promise<void> {
  return wait(count * 1000);
}
