import type { Principal } from "@robin/api";
import { addressKey } from "./address-key.ts";
import { type Claim, claimAll, type LimitRule, refillAll, Windows, type WindowStore } from "./windows.ts";

export interface LimitedRequest {
  principal: Principal | undefined;
  /** Of the client, as `ipAddressOf` tells it. */
  address: string;
  /** Asks for the queue, which has a limit of its own for signed-in users. */
  isQueue: boolean;
  /** How many procedures run: 1, or as many as a tRPC batch names. */
  cost: number;
  /** How many of them ask for the queue; by default all, when `isQueue`. */
  queueCost?: number;
}

export interface LimitVerdict {
  allowed: boolean;
  /** Name, value, name, value...: `RateLimit-*`, to be sent with the answer whatever it is. */
  headers: readonly string[];
  /** Whole seconds, when it is not allowed. */
  retryAfterSeconds?: number;
  /** The one that decides: `anonymous`, `user` or `queue`. */
  limit: string;
}

export interface Limiter {
  /**
   * Counts the request if it is allowed and this process has a share of the caller's requests left. A refused one
   * counts for nothing, and is left to `take` to tell of. Call it only for a request that is answered at once if it is
   * allowed: what goes on to Express is counted there.
   * @returns undefined when Redis must be asked, by `take`; nothing has been counted then.
   */
  takeNow(request: LimitedRequest): LimitVerdict | undefined;
  /** The same, asking Redis where needed: one round trip, or a short wait for a Redis that is away. Never rejects. */
  take(request: LimitedRequest): Promise<LimitVerdict>;
  /** The refusal of a caller whose credential is not known yet, when the address has used up its requests; counts nothing. */
  refusalOf(address: string): LimitVerdict | undefined;
}

/** Requests per minute. */
export interface LimitConfig {
  anonymousPerMinute: number;
  userPerMinute: number;
  queuePerMinute: number;
}

export interface LimiterParts {
  /** Milliseconds; never set back. */
  now?: () => number;
  /** Each process counts for itself without one. */
  store?: WindowStore | undefined;
  /** Told of each refusal but those of `takeNow`. */
  onExceeded?: (limit: string) => void;
}

const minuteMs = 60_000;

/** Callers that are remembered for each limit, some 250 bytes each. Who is forgotten begins a new window without Redis. */
const callersMax = 20_000;

/** A process asks Redis once for so many parts of a window. */
const sharesPerWindow = 20;

const ruleOf = (name: string, limit: number): LimitRule => ({
  name,
  limit,
  windowMs: minuteMs,
  share: Math.max(1, Math.floor(limit / sharesPerWindow)),
});

export function createLimiter(config: LimitConfig, parts: LimiterParts = {}): Limiter {
  const { now = () => performance.now(), store, onExceeded = () => undefined } = parts;
  const windowsOf = (rule: LimitRule) => new Windows(rule, { now, store, keysMax: callersMax });
  const anonymous = windowsOf(ruleOf("anonymous", config.anonymousPerMinute));
  const user = windowsOf(ruleOf("user", config.userPerMinute));
  const queue = windowsOf(ruleOf("queue", config.queuePerMinute));
  const policies = {
    anonymous: policyOf(anonymous),
    user: policyOf(user),
    queue: `${policyOf(user)}, ${policyOf(queue)}`,
  };

  function claimsOf({ principal, address, isQueue, cost, queueCost = cost }: LimitedRequest): [Claim, ...Claim[]] {
    if (!principal) return [{ windows: anonymous, window: anonymous.of(addressKey(address)), cost }];
    // Keys count for their owner, so that nobody gets more by making more of them.
    const { userId } = principal;
    const ofUser = { windows: user, window: user.of(userId), cost };
    return isQueue && queueCost > 0
      ? [ofUser, { windows: queue, window: queue.of(userId), cost: queueCost }]
      : [ofUser];
  }

  function decide(claims: [Claim, ...Claim[]]): LimitVerdict | undefined {
    const outcome = claimAll(claims);
    if (outcome === undefined) return undefined;
    if (outcome !== "taken") return refuse(outcome, claims.length > 1);
    const [first, second] = claims;
    const nearest = second && remainingOf(second) <= remainingOf(first) ? second : first;
    return { allowed: true, headers: headersOf(nearest, claims.length > 1), limit: nearest.windows.rule.name };
  }

  function refuse(claim: Claim, isQueue: boolean): LimitVerdict {
    const { name } = claim.windows.rule;
    const retryAfterSeconds = claim.windows.resetSeconds(claim.window);
    return { allowed: false, headers: headersOf(claim, isQueue), retryAfterSeconds, limit: name };
  }

  function told(verdict: LimitVerdict): LimitVerdict {
    if (!verdict.allowed) onExceeded(verdict.limit);
    return verdict;
  }

  /** The fields of draft-ietf-httpapi-ratelimit-headers-06, the last one that has them apart; clients know no other yet. */
  function headersOf({ windows, window }: Claim, isQueue: boolean): string[] {
    return [
      "RateLimit-Limit",
      String(windows.rule.limit),
      "RateLimit-Remaining",
      String(windows.remaining(window)),
      "RateLimit-Reset",
      String(windows.resetSeconds(window)),
      "RateLimit-Policy",
      windows === anonymous ? policies.anonymous : isQueue ? policies.queue : policies.user,
    ];
  }

  return {
    takeNow: (request) => decide(claimsOf(request)),

    async take(request) {
      for (;;) {
        const claims = claimsOf(request);
        const verdict = decide(claims);
        if (verdict) return told(verdict);
        await refillAll(claims);
      }
    },

    refusalOf(address) {
      const window = anonymous.known(addressKey(address));
      return window && anonymous.allows(window, 1) === false
        ? told(refuse({ windows: anonymous, window, cost: 1 }, false))
        : undefined;
    },
  };
}

function policyOf({ rule: { limit, windowMs } }: Windows): string {
  return `${limit};w=${windowMs / 1000}`;
}

function remainingOf({ windows, window }: Claim): number {
  return windows.remaining(window);
}
