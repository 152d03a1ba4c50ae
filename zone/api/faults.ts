import { randomUUID } from "node:crypto";

/** What can go wrong on request; each kind says whether the work asked for is done all the same. */
export const FAULT_KINDS = [
  "rate-limit", // 429 with Retry-After, not done
  "server-error", // 500, not done
  "unavailable", // 503, not done
  "drop-before", // the connection breaks, not done
  "drop-after", // the connection breaks, done
  "slow", // the answer is late, done
  "operation-fails", // accepted, then a failure, not done
  "operation-hangs", // written down, then pending for ever
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** The route's operation id, e.g. `create-instance`; default: every route. */
  readonly route?: string;
  /** How often it strikes before it is used up; default: until removed. */
  readonly count?: number;
  /** Share of the matching requests it strikes, 0 to 1; default 1. */
  readonly share?: number;
  /** Seconds: of `Retry-After` (default 1) or of the delay of `slow` (default 5). */
  readonly seconds?: number;
}

/** The faults in force: none unless somebody asked. */
export class Faults {
  readonly #faults = new Map<string, { fault: Fault; left: number }>();

  /** Returns an id for `remove`. */
  add(fault: Fault): string {
    const id = randomUUID();
    this.#faults.set(id, { fault, left: fault.count ?? Infinity });
    return id;
  }

  remove(id: string): void {
    this.#faults.delete(id);
  }

  clear(): void {
    this.#faults.clear();
  }

  list(): readonly (Fault & { readonly id: string })[] {
    return [...this.#faults].map(([id, { fault, left }]) => ({
      ...fault, id, ...(left === Infinity ? {} : { count: left }),
    }));
  }

  /** The fault that strikes this request, if any; counts it. */
  take(route: string): Fault | undefined {
    for (const [id, entry] of this.#faults) {
      if (entry.fault.route !== undefined && entry.fault.route !== route) continue;
      if (entry.fault.share !== undefined && Math.random() >= entry.fault.share) continue;
      if (--entry.left <= 0) this.#faults.delete(id);
      return entry.fault;
    }
    return undefined;
  }
}
