import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two calls after a first refusal, and at most. */
const first = 100;
const longest = 1_000;

/** What is left of the interval after each call that was answered: where calls were refused before, and above. */
const ease = { near: 0.99, far: 0.95 };

/**
 * When calls go out: all at once, until the API says that they are too many. Then nobody calls before the time that it
 * names, and from there on one after the other: twice as far apart after each further refusal, and a little closer
 * with each call that passes. Calls that were refused together must not come back together, or most of them are
 * refused until they have no attempt left.
 */
export class Pace {
  #interval = 0;
  /** At which calls were refused. */
  #tooShort = 0;
  /** When the next call may go out. */
  #next = 0;
  #notBefore = 0;

  /** Resolves when it is this call's turn. */
  async turn(): Promise<void> {
    do {
      const now = performance.now();
      const at = Math.max(now, this.#next);
      this.#next = at + this.#interval;
      if (at > now) await sleep(at - now);
    } while (performance.now() < this.#notBefore);
  }

  /** A call was refused as one too many. @param wait Milliseconds that nobody is to call for. */
  refused(wait: number): void {
    const now = performance.now();
    // What was under way at the same time is refused for the same reason.
    if (wait > 0 && now >= this.#notBefore) {
      this.#tooShort = this.#interval;
      this.#interval = Math.min(Math.max(2 * this.#interval, first), longest);
    }
    this.#notBefore = Math.max(this.#notBefore, now + wait);
    this.#next = Math.max(this.#next, this.#notBefore);
  }

  /** A call was answered. */
  passed(): void {
    this.#interval *= this.#interval > this.#tooShort ? ease.far : ease.near;
    if (this.#interval < first / 10) this.#interval = 0;
  }
}
