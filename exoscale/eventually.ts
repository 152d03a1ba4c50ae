import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  /** Milliseconds until giving up. */
  readonly limit: number;
  /** Milliseconds between two attempts, at first and at most. */
  readonly pause: readonly [number, number];
}

/**
 * Asks until there is something: resolves with the first result that is not undefined, or with undefined once the
 * limit is over. What the attempt throws ends it.
 */
export async function eventually<T>(
  { limit, pause: [first, longest] }: Patience,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const end = performance.now() + limit;
  for (let pause = first; ; pause = Math.min(pause * 1.4, longest)) {
    const result = await attempt();
    if (result !== undefined) return result;
    const left = end - performance.now();
    if (left <= 0) return undefined;
    await sleep(Math.min(pause, left));
  }
}
