import type { Problem } from "./problem.ts";
import type { Raw } from "./schema.ts";

/**
 * The workers of a pool: the lowest numbers without those that are removed.
 * @param name the pool's
 */
export function workerNames(name: string, count: number, removed: readonly string[]): string[] {
  return numbered(name, count + removed.length)
    .filter((worker) => !removed.includes(worker))
    .slice(0, count);
}

/**
 * Removed workers that never were. With `desiredWorkers` lowered for it, such a slip would cost another worker. Up to the
 * highest, every number is either a worker's or removed.
 */
export function removalProblems({ desiredWorkers, removedWorkers }: Partial<Raw>, stack: string): Problem[] {
  if (desiredWorkers === undefined || removedWorkers === undefined) return [];
  const all = numbered(stack, desiredWorkers + removedWorkers.length);
  return removedWorkers.flatMap((name, i): Problem[] => {
    const at = ["removedWorkers", i];
    if (!name.startsWith(`${stack}-worker-`)) {
      const what = `${name} is no worker of this stack: their names are ${stack}-worker-1 and so on`;
      return [{ at, what, unknown: true }];
    }
    if (all.includes(name)) return [];
    const what =
      `${name} is above all workers: with desiredWorkers ${desiredWorkers} and ${removedWorkers.length} removed ` +
      `the highest is ${all.at(-1)}. If it was removed before, it can leave the list`;
    return [{ at, what, remove: true }];
  });
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}-worker-${i + 1}`);
