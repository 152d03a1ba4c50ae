/** Seconds that a refused call is told to wait, in `Retry-After`: the shortest time that header can say. */
export const RETRY_AFTER = 1;

/**
 * Admits calls up to a rate: as many at once as the rate has in a second, and then one each time that another becomes due.
 */
export class Rate {
  readonly #perSecond: number;
  readonly #now: () => number;
  /** Calls that may come at once. */
  #left: number;
  #at: number;

  /** @param perSecond 0: any. @param now Milliseconds. */
  constructor(perSecond: number, now = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#left = perSecond;
    this.#at = now();
  }

  /** Whether a call is within the rate; counts it if it is. */
  admits(): boolean {
    if (this.#perSecond === 0) return true;
    const now = this.#now();
    this.#left = Math.min(this.#perSecond, this.#left + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
