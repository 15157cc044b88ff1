import { AppError, type Clock, type LoginGuard, type LoginRefusal } from "@robin/api";
import { LRUCache } from "lru-cache";
import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { addressKey } from "./address-key.ts";
import { bounded } from "./bounded.ts";
import type { LoginHistory, LoginPair, LoginRecord } from "./login-record.ts";
import { secondsText } from "./seconds-text.ts";
import { type Claim, claimAll, refillAll, Windows, type WindowStore } from "./windows.ts";

/** Attempts per minute. */
export interface LoginLimitConfig {
  /** Of one address with one account. */
  loginPerMinute: number;
  /** Of one address in all. */
  loginAddressPerMinute: number;
}

export interface LoginGuardParts {
  clock: Clock;
  /** Milliseconds; never set back. */
  now: () => number;
  record: LoginRecord;
  store?: WindowStore | undefined;
  onExceeded?: (limit: string) => void;
  /** Keeps an answer back; tests do not wait. */
  hold?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

const minuteMs = 60_000;
const callersMax = 20_000;

/** From this failure in a row on, an address has to wait before it tries an account again: one second, doubling. */
const delayedFromFailure = 3;
const delayMsMax = 15 * minuteMs;

/** From so many failures with an account on, from wherever, strangers get their answers late: a quarter second, doubling. */
const heldFromFailure = 10;
const holdMsFirst = 250;
const holdMsMax = 4000;

/** Answers that a process keeps back at once. Further ones are not held: refusing them would lock people out. */
const heldMax = 100;

/**
 * Limits on attempts, and two delays. The one for an address and account grows with its own failures and refuses until
 * it is over. The one for an account only makes answers late, right and wrong passwords alike, for addresses from which
 * nobody has signed in to it lately; those others go first where passwords are checked, too. So nobody can lock somebody
 * else out. Names without an account are treated alike.
 */
export function createLoginGuard(config: LoginLimitConfig, parts: LoginGuardParts): LoginGuard {
  const { clock, now, record, store, onExceeded = () => undefined } = parts;
  const hold = parts.hold ?? waitFor;
  // One at a time from Redis, so that they are exact.
  const windowsOf = (name: string, limit: number) =>
    new Windows({ name, limit, windowMs: minuteMs, share: 1 }, { now, store, keysMax: callersMax });
  const byPair = windowsOf("login", config.loginPerMinute);
  const byAddress = windowsOf("login_address", config.loginAddressPerMinute);
  const told = new LRUCache<string, number>(bounded(callersMax));
  let held = 0;

  function claimsOf({ account, address }: LoginPair): Claim[] {
    return [
      { windows: byAddress, window: byAddress.of(address), cost: 1 },
      { windows: byPair, window: byPair.of(`${account}:${address}`), cost: 1 },
    ];
  }

  function delaySeconds({ pairFailures, lastFailureAt }: LoginHistory): number {
    if (pairFailures < delayedFromFailure) return 0;
    const delayMs = Math.min(1000 * 2 ** (pairFailures - delayedFromFailure), delayMsMax);
    const sinceMs = Math.max(0, clock.now().getTime() - lastFailureAt);
    return Math.ceil(Math.max(0, delayMs - sinceMs) / 1000);
  }

  function refuse(limit: string, key: string, { what, seconds }: { what: string; seconds: number }): LoginRefusal {
    onExceeded(limit);
    const name = `${limit}:${key}`;
    const isNews = (told.get(name) ?? 0) <= now();
    if (isNews) told.set(name, now() + minuteMs);
    const message = `Too many ${what}. Try again in ${secondsText(seconds)}.`;
    return { refusal: new AppError("rate_limited", message, { retryAfterSeconds: seconds }), isNews };
  }

  function refuseDelayed({ account, address }: LoginPair, seconds: number): LoginRefusal {
    const what = "wrong passwords for this account from your address";
    return refuse("login_delay", `${account}:${address}`, { what, seconds });
  }

  function refuseClaim({ windows, window }: Claim): LoginRefusal {
    const what =
      windows === byPair ? "attempts to sign in to this account from your address" : "sign-ins from your address";
    return refuse(windows.rule.name, String(window.key), { what, seconds: windows.resetSeconds(window) });
  }

  async function slowDown(history: LoginHistory, signal: AbortSignal | undefined): Promise<void> {
    const { accountFailures, isKnownHere } = history;
    if (isKnownHere || accountFailures < heldFromFailure || held >= heldMax) return;
    held += 1;
    try {
      await hold(Math.min(holdMsFirst * 2 ** (accountFailures - heldFromFailure), holdMsMax), signal);
    } catch (cause) {
      throw new AppError("client_closed_request", "The caller has gone.", { cause });
    } finally {
      held -= 1;
    }
  }

  return {
    async admit({ username, ipAddress, signal }) {
      const account = createHash("sha256").update(username).digest("base64url");
      const address = addressKey(ipAddress);
      const pair = { account, address };
      const secondsHere = delaySeconds(record.readHere(pair));
      if (secondsHere > 0) return refuseDelayed(pair, secondsHere);

      let claims = claimsOf(pair);
      const [history] = await Promise.all([record.read(pair), refillAll(claims)]);
      const seconds = delaySeconds(history);
      if (seconds > 0) return refuseDelayed(pair, seconds);
      for (;;) {
        claims = claimsOf(pair);
        const outcome = claimAll(claims);
        if (outcome === "taken") break;
        if (outcome !== undefined) return refuseClaim(outcome);
        await refillAll(claims);
      }

      await slowDown(history, signal);
      return {
        turn: { caller: address, goesFirst: history.isKnownHere, signal },
        failed: () => record.failed(pair),
        succeeded: () => record.succeeded(pair),
      };
    },
  };
}

function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return wait(ms, undefined, { ...(signal && { signal }) });
}
