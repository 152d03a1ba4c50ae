/** Where the time of a bootstrap goes. */
import type { Idle } from "./idle.ts";

/** One of several that follow each other. */
export interface Phase {
  readonly name: string;
  /** How long it took. */
  readonly seconds: number;
}

/** How a cluster came up. */
export interface Bootstrapped {
  /** From nothing to six nodes Ready and DNS answering. */
  readonly seconds: number;
  readonly phases: readonly Phase[];
  /** Nodes at rest, where that was asked for. */
  readonly idle?: Idle;
}

/**
 * Phases that end at these moments, in order; one that another has overtaken takes no time.
 * @param begin Milliseconds, as the ends are.
 */
export function phasesOf(begin: number, ends: readonly (readonly [name: string, at: number])[]): Phase[] {
  let latest = begin;
  return ends.map(([name, at]) => {
    const seconds = Math.max(0, at - latest) / 1000;
    latest = Math.max(latest, at);
    return { name, seconds };
  });
}
