/** A repeatable source of numbers: the same seed gives the same mail server. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
  /** A whole number from 0 (included) to `bound` (excluded). */
  below(bound: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
  /** A UUID of version 4, as Robin's relay and session UIDs are. */
  readonly uuid: () => string;
}

/** mulberry32: small, quick and good enough for test data; never for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function nextUint32(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  const next = (): number => nextUint32() / 2 ** 32;
  const below = (bound: number): number => Math.floor(next() * bound);
  const hex8 = (): string => nextUint32().toString(16).padStart(8, "0");
  return {
    next,
    below,
    pick: (values) => values[below(values.length)] ?? values[0],
    uuid: () => {
      const [a, b, c, d] = [hex8(), hex8(), hex8(), hex8()];
      const variant = (8 + below(4)).toString(16);
      return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`;
    },
  };
}
