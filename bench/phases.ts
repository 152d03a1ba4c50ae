/** Where the time of a bootstrap goes. */

/** One of several that follow each other. */
export interface Phase {
  readonly name: string;
  /** How long it took. */
  readonly seconds: number;
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
