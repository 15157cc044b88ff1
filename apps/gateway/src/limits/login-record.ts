import type { Clock } from "@robin/api";
import { LRUCache } from "lru-cache";
import { bounded } from "./bounded.ts";
import type { RedisLink } from "./redis-link.ts";

/** Somebody who signs in from somewhere. */
export interface LoginPair {
  /** A digest of the account's name, whether there is such an account or not. */
  account: string;
  /** As `addressKey` makes it. */
  address: string;
}

/** What is remembered of former sign-ins. */
export interface LoginHistory {
  /** Failures in a row of this address with this account. */
  pairFailures: number;
  /** Milliseconds of the epoch. */
  lastFailureAt: number;
  /** Failures with this account from anywhere. */
  accountFailures: number;
  /** Whether somebody has signed in to this account from this address lately. */
  isKnownHere: boolean;
}

/** Shared by all processes as far as Redis is there; else each remembers what it saw itself. */
export interface LoginRecord {
  read(pair: LoginPair): Promise<LoginHistory>;
  /** The same, as far as this process knows. */
  readHere(pair: LoginPair): LoginHistory;
  failed(pair: LoginPair): Promise<void>;
  succeeded(pair: LoginPair): Promise<void>;
}

const minuteMs = 60_000;
const pairMs = 60 * minuteMs;
const accountMs = 15 * minuteMs;
const knownMs = 30 * 24 * 60 * minuteMs;

/** Of each kind; whoever is forgotten begins anew. */
const entriesMax = 20_000;

export function createLoginRecord(clock: Clock, link?: RedisLink, prefix = ""): LoginRecord {
  const options = { ...bounded(entriesMax), perf: { now: () => clock.now().getTime() }, ttlResolution: 0 };
  const pairs = new LRUCache<string, { failures: number; lastAt: number }>({ ...options, ttl: pairMs });
  const accounts = new LRUCache<string, number>({ ...options, ttl: accountMs });
  const known = new LRUCache<string, true>({ ...options, ttl: knownMs });

  const nameOf = ({ account, address }: LoginPair) => `${account}:${address}`;
  const keysOf = (pair: LoginPair) => ({
    pairKey: `${prefix}:pair:${nameOf(pair)}`,
    accountKey: `${prefix}:account:${pair.account}`,
    knownKey: `${prefix}:known:${nameOf(pair)}`,
  });

  function readHere(pair: LoginPair): LoginHistory {
    const { failures = 0, lastAt = 0 } = pairs.get(nameOf(pair)) ?? {};
    return {
      pairFailures: failures,
      lastFailureAt: lastAt,
      accountFailures: accounts.get(pair.account) ?? 0,
      isKnownHere: known.has(nameOf(pair)),
    };
  }

  /** For the time after Redis has gone, and to refuse without asking it. */
  function keepHere(pair: LoginPair, history: LoginHistory): void {
    const name = nameOf(pair);
    if (history.pairFailures > 0) {
      pairs.set(name, { failures: history.pairFailures, lastAt: history.lastFailureAt });
    } else {
      pairs.delete(name);
    }
    if (history.accountFailures > 0) accounts.set(pair.account, history.accountFailures);
    if (history.isKnownHere) known.set(name, true);
  }

  return {
    readHere,

    async read(pair) {
      const { pairKey, accountKey, knownKey } = keysOf(pair);
      const answer = await link?.run((redis) =>
        Promise.all([redis.hmget(pairKey, "failures", "lastAt"), redis.get(accountKey), redis.exists(knownKey)]),
      );
      if (!answer) return readHere(pair);
      const [[failures, lastAt], accountFailures, isKnown] = answer;
      const history = {
        pairFailures: Number(failures ?? 0),
        lastFailureAt: Number(lastAt ?? 0),
        accountFailures: Number(accountFailures ?? 0),
        isKnownHere: isKnown === 1,
      };
      keepHere(pair, history);
      return history;
    },

    async failed(pair) {
      const now = clock.now().getTime();
      const { pairFailures, accountFailures, isKnownHere } = readHere(pair);
      keepHere(pair, {
        pairFailures: pairFailures + 1,
        lastFailureAt: now,
        accountFailures: accountFailures + 1,
        isKnownHere,
      });
      const { pairKey, accountKey } = keysOf(pair);
      await link?.run((redis) =>
        redis
          .multi()
          .hincrby(pairKey, "failures", 1)
          .hset(pairKey, "lastAt", now)
          .pexpire(pairKey, pairMs)
          .incr(accountKey)
          .pexpire(accountKey, accountMs)
          .exec(),
      );
    },

    async succeeded(pair) {
      pairs.delete(nameOf(pair));
      known.set(nameOf(pair), true);
      const { pairKey, knownKey } = keysOf(pair);
      await link?.run((redis) => redis.multi().del(pairKey).set(knownKey, 1, "PX", knownMs).exec());
    },
  };
}
