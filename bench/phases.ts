/** The phases of a bootstrap. */
import type { Idle } from "./idle.ts";

export interface Phase {
  readonly name: string;
  readonly seconds: number;
}

export interface Bootstrapped {
  /** From nothing to six Ready nodes and a DNS that answers. */
  readonly seconds: number;
  readonly phases: readonly Phase[];
  /** Idle nodes, if they were measured. */
  readonly idle?: Idle;
}

/**
 * Phases that end at these moments, in this order. One that ended before the phase in front of it takes no time.
 * @param begin In milliseconds, like the ends.
 */
export function phasesOf(begin: number, ends: readonly (readonly [name: string, at: number])[]): Phase[] {
  let latest = begin;
  return ends.map(([name, at]) => {
    const seconds = Math.max(0, at - latest) / 1000;
    latest = Math.max(latest, at);
    return { name, seconds };
  });
}
