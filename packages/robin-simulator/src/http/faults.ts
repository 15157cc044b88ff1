import { METHODS } from "node:http";

export type Fault =
  /** The answer comes late and holds the port meanwhile, as a slow handler of Robin does. */
  | { kind: "delay"; ms: number }
  /** The connection is reset without an answer. */
  | { kind: "reset" }
  /** No answer ever, as if the network swallowed it; other requests are served. */
  | { kind: "blackHole" }
  /** Bytes that are not HTTP, then the end of the connection. */
  | { kind: "garbage" }
  /** 200 with a web page, as a proxy or a wrong path gives. */
  | { kind: "html" }
  | { kind: "status"; status: number; body?: string };

export type SimulatorPort = "client" | "service";

export interface FaultRule {
  readonly port: SimulatorPort;
  /** A context of Robin such as `/client/queue/list`, an exact path, or `*` for every request of the port. */
  readonly route: string;
  /** Absent means every method. */
  readonly method?: string | undefined;
  readonly fault: Fault;
  /** How many requests it hits before it is gone; absent means until `clear()`. */
  readonly times?: number | undefined;
}

export interface SimulatorFaults {
  /** The newest rule that fits a request wins. Throws a RangeError for a rule that could never hit. */
  set(rule: FaultRule): void;
  clear(): void;
}

export interface FaultSource extends SimulatorFaults {
  take(request: { port: SimulatorPort; context: string; path: string; method: string }): Fault | undefined;
}

export function createFaults(): FaultSource {
  let rules: { rule: FaultRule; left: number }[] = [];
  return {
    set: (rule) => {
      if (rule.method !== undefined && !METHODS.includes(rule.method))
        throw new RangeError(`Not an HTTP method: ${rule.method}`);
      if (rule.route !== "*" && !rule.route.startsWith("/"))
        throw new RangeError(`A route starts with a slash: ${rule.route}`);
      if (rule.times !== undefined && rule.times < 1)
        throw new RangeError(`A fault hits at least once, not ${rule.times} times`);
      if (rule.fault.kind === "status" && !isFinalStatus(rule.fault.status)) {
        throw new RangeError(`Not the status of an answer: ${rule.fault.status}`);
      }
      rules.unshift({ rule, left: rule.times ?? Infinity });
    },
    clear: () => {
      rules = [];
    },
    take: ({ port, context, path, method }) => {
      const hit = rules.find(
        ({ rule }) =>
          rule.port === port && ["*", context, path].includes(rule.route) && (rule.method ?? method) === method,
      );
      if (hit === undefined) return undefined;
      hit.left -= 1;
      if (hit.left <= 0) rules = rules.filter((entry) => entry !== hit);
      return hit.rule.fault;
    },
  };
}

/** Below 200 there are only interim answers, after which a client waits for more. */
const isFinalStatus = (status: number): boolean => Number.isInteger(status) && status >= 200 && status <= 599;
