import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two calls: after the first refusal, and at most. */
const first = 100;
const longest = 1_000;

/** Factor of the interval after each answered call: `near` at an interval that was refused before, `far` above it. */
const ease = { near: 0.99, far: 0.95 };

/**
 * Limits the rate of calls once the API has refused one as too many. Until then calls go out immediately. After a refusal
 * none goes out before the time that the API names, and from then on one after the other: twice as far apart after each
 * further refusal, a little closer after each answer. Calls that were refused together must not be repeated together, or
 * most of them are refused until they have no attempt left.
 */
export class Pace {
  #interval = 0;
  /** The interval at which calls were last refused. */
  #tooShort = 0;
  /** `performance.now()` of the next call. */
  #next = 0;
  #notBefore = 0;

  /** Resolves when the call may go out. */
  async turn(): Promise<void> {
    do {
      const now = performance.now();
      const at = Math.max(now, this.#next);
      this.#next = at + this.#interval;
      if (at > now) await sleep(at - now);
    } while (performance.now() < this.#notBefore);
  }

  /** To be called after a refusal (429). @param wait Milliseconds without any call. */
  refused(wait: number): void {
    const now = performance.now();
    // Calls that were under way at the same time count as one refusal.
    if (wait > 0 && now >= this.#notBefore) {
      this.#tooShort = this.#interval;
      this.#interval = Math.min(Math.max(2 * this.#interval, first), longest);
    }
    this.#notBefore = Math.max(this.#notBefore, now + wait);
    this.#next = Math.max(this.#next, this.#notBefore);
  }

  /** To be called after an answer. */
  passed(): void {
    this.#interval *= this.#interval > this.#tooShort ? ease.far : ease.near;
    if (this.#interval < first / 10) this.#interval = 0;
  }
}
