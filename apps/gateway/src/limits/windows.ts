import { LRUCache } from "lru-cache";
import { bounded } from "./bounded.ts";

export interface LimitRule {
  /** Of the metric, and of the keys in Redis. */
  name: string;
  limit: number;
  windowMs: number;
  /** How many requests a process asks Redis for at a time. */
  share: number;
}

/** What the common count gave: `used` of the limit is taken by all processes together, `granted` of it by this ask. */
export interface Grant {
  granted: number;
  used: number;
  /** Until the window ends, counted from when it was asked. */
  remainingMs: number;
}

/** Where all processes count together. */
export interface WindowStore {
  /** False while it does not answer: then each process counts for itself. */
  usable(): boolean;
  /** Up to `want` of what the window has left. Undefined when there is no answer in time; never rejects. */
  ask(rule: LimitRule, key: WindowKey, want: number): Promise<Grant | undefined>;
}

export type WindowKey = string | number;

/** The requests that one caller may still make here before the common count has to be asked again. */
export interface Window {
  readonly key: WindowKey;
  /** On the clock of `now`. */
  endsAt: number;
  /** Granted to this process and not used yet. */
  share: number;
  /** Taken by all processes, our share included, as far as we know. */
  used: number;
  asking: Promise<void> | undefined;
  /** What those who wait for `asking` need. */
  wanted: number;
}

export interface WindowsParts {
  /** Milliseconds; never set back. */
  now: () => number;
  store: WindowStore | undefined;
  keysMax: number;
}

/**
 * The fixed windows of one limit: a window begins with a caller's first request. What the common count grants never
 * exceeds the limit, so processes may together allow less than it (shares that lie unused elsewhere), but not more.
 * While there is no common count, a process grants itself what it knows to be left.
 */
export class Windows {
  readonly rule: LimitRule;
  readonly #parts: WindowsParts;
  readonly #windows: LRUCache<WindowKey, Window>;

  constructor(rule: LimitRule, parts: WindowsParts) {
    this.rule = rule;
    this.#parts = parts;
    this.#windows = new LRUCache(bounded(parts.keysMax));
  }

  /** Of this caller, now. Nothing is taken from it yet. */
  of(key: WindowKey): Window {
    const now = this.#parts.now();
    let window = this.#windows.get(key);
    if (!window) {
      window = { key, endsAt: 0, share: 0, used: 0, asking: undefined, wanted: 0 };
      this.#windows.set(key, window);
    }
    if (window.endsAt <= now) {
      window.share = 0;
      window.used = 0;
    }
    return window;
  }

  /** The same, when this caller has been here lately. */
  known(key: WindowKey): Window | undefined {
    return this.#windows.has(key) ? this.of(key) : undefined;
  }

  /** Whether `cost` can be taken: yes, no, or undefined when the common count has to be asked. */
  allows(window: Window, cost: number): boolean | undefined {
    if (window.share >= cost) return true;
    if (this.remaining(window) < cost) return false;
    if (this.#parts.store?.usable()) return undefined;
    this.#grantTheRest(window);
    return true;
  }

  #grantTheRest(window: Window): void {
    const now = this.#parts.now();
    if (window.endsAt <= now) window.endsAt = now + this.rule.windowMs;
    window.share = this.remaining(window);
    window.used = this.rule.limit;
  }

  /** Asks the common count for a share. Those who need one at the same time wait for the same answer. */
  refill(window: Window, cost: number): Promise<void> {
    window.wanted += cost;
    window.asking ??= this.#ask(window);
    return window.asking;
  }

  async #ask(window: Window): Promise<void> {
    const { now, store } = this.#parts;
    // All who find their window empty in this turn have said so then, and their asks go out together.
    await new Promise<void>((resolve) => {
      process.nextTick(resolve);
    });
    const want = Math.max(this.rule.share, window.wanted);
    const askedAt = now();
    const grant = await store?.ask(this.rule, window.key, want);
    window.asking = undefined;
    // Who has come meanwhile asks again if that was not enough.
    window.wanted = 0;
    if (!grant) {
      this.#grantTheRest(window);
      return;
    }
    window.share = grant.granted + (window.endsAt > now() ? window.share : 0);
    window.used = grant.used;
    window.endsAt = askedAt + grant.remainingMs;
  }

  /** What the caller has left, as far as is known here. */
  remaining({ used, share }: Window): number {
    return Math.max(0, this.rule.limit - used + share);
  }

  /** Whole seconds until the window ends; that of a caller who has not asked yet lasts in full. */
  resetSeconds({ endsAt }: Window): number {
    const left = endsAt - this.#parts.now();
    return Math.ceil((left > 0 ? left : this.rule.windowMs) / 1000);
  }
}

/** What a request wants of one caller's window. */
export interface Claim {
  windows: Windows;
  window: Window;
  cost: number;
}

/** Takes of all or of none. Returns the claim that is refused, or undefined when the common count has to be asked. */
export function claimAll(claims: readonly Claim[]): Claim | "taken" | undefined {
  let isSure = true;
  for (const claim of claims) {
    const allows = claim.windows.allows(claim.window, claim.cost);
    if (allows === false) return claim;
    if (allows === undefined) isSure = false;
  }
  if (!isSure) return undefined;
  for (const { window, cost } of claims) window.share -= cost;
  return "taken";
}

/** Asks for all that have too little, at once. */
export async function refillAll(claims: readonly Claim[]): Promise<void> {
  const short = claims.filter(({ windows, window, cost }) => windows.allows(window, cost) === undefined);
  await Promise.all(short.map(({ windows, window, cost }) => windows.refill(window, cost)));
}
