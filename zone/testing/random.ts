/**
 * Pseudorandom numbers, the same for the same seed, for tests that choose random moments or need long sequences without
 * shrinking; other tests use fast-check.
 */
export interface Random {
  readonly seed: number;
  /** At least 0, below 1. */
  next(): number;
  /** An integer from `from` to `to`, both included. */
  int(from: number, to: number): number;
  /** True in this share of the calls, from 0 to 1. */
  chance(share: number): boolean;
  /** One of these; undefined if there are none. */
  pick<T>(of: readonly T[]): T;
  /** A random subset with at least one element. */
  some<T>(of: readonly T[]): T[];
}

/** The environment variable SEED, to repeat a failure; otherwise a random seed. */
export const someSeed = (): number => Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

/** @param seed An integer below 2^32. */
export function randomFrom(seed: number): Random {
  let state = seed;
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  return {
    seed,
    next,
    int: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (share) => next() < share,
    pick,
    some: <T>(of: readonly T[]) => {
      const chosen = of.filter(() => next() < 0.5);
      return chosen.length > 0 ? chosen : [pick(of)];
    },
  };
}
