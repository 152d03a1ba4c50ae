import { randomUUID } from "node:crypto";
import { z } from "zod";

/** What can go wrong on request. Each says whether the request is still carried out. */
export const FAULT_KINDS = [
  "rate-limit", // 429 with Retry-After, not done
  "server-error", // 500, not done
  "unavailable", // 503, not done
  "drop-before", // the connection breaks, not done
  "drop-after", // the connection breaks, done
  "slow", // the answer is late, done
  "operation-fails", // accepted, then a failure, not done
  "operation-hangs", // written down, then pending forever
  "never-boots", // done and running as far as the API can tell; the guest never boots
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** The route's operation id, e.g. `create-instance`; default: every route that the kind applies to. */
  readonly route?: string;
  /** How often it applies before it is used up; default: until removed. */
  readonly count?: number;
  /** Share of the matching requests that it applies to, 0 to 1; default 1. */
  readonly share?: number;
  /** Seconds: of `Retry-After` (default 1) or of the delay of `slow` (default 5). */
  readonly seconds?: number;
}

/** A fault in force; its `count` is how often it will still apply. */
export type ListedFault = Fault & { readonly id: string };

/** A route, as far as faults tell routes apart. */
export interface FaultableRoute {
  /** The route's operation id. */
  readonly id: string;
  readonly bootsGuest?: boolean;
}

const SCHEMA = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  route: z.string().min(1).optional(),
  count: z.int().min(1).optional(),
  share: z.number().min(0).max(1).optional(),
  seconds: z.number().min(0).optional(),
});

/** The faults in force; none by default. */
export class Faults {
  readonly #faults = new Map<string, { readonly fault: Fault; left: number }>();
  readonly #routes: ReadonlySet<string>;
  readonly #booting: ReadonlySet<string>;

  /** @param routes every route: a fault for any other would never apply */
  constructor(routes: readonly FaultableRoute[]) {
    this.#routes = new Set(routes.map(({ id }) => id));
    this.#booting = new Set(routes.filter(({ bootsGuest }) => bootsGuest).map(({ id }) => id));
  }

  /**
   * Returns an id for `remove`.
   *
   * @throws Error that says what is wrong with the fault
   */
  add(fault: unknown): string {
    const { success, error, data } = SCHEMA.safeParse(fault);
    if (!success)
      throw new Error(error.issues.map(({ path, message }) => `${path.join(".") || "fault"}: ${message}`).join("; "));
    const { kind, route } = data;
    if (route !== undefined && !this.#routes.has(route)) {
      throw new Error(`route: there is no ${route}: give an operation id of the API, like create-instance`);
    }
    if (kind === "never-boots" && route !== undefined && !this.#booting.has(route)) {
      throw new Error(`route: ${route} boots nothing: give none, or one of ${[...this.#booting].join(", ")}`);
    }
    const id = randomUUID();
    this.#faults.set(id, { fault: data, left: data.count ?? Infinity });
    return id;
  }

  /** @returns false if there is no such fault */
  remove(id: string): boolean {
    return this.#faults.delete(id);
  }

  clear(): void {
    this.#faults.clear();
  }

  list(): readonly ListedFault[] {
    return [...this.#faults].map(([id, { fault, left }]) => ({
      ...fault,
      id,
      ...(left === Infinity ? {} : { count: left }),
    }));
  }

  /**
   * The fault that applies to this request, if any; counts it.
   *
   * @param isMutation whether the route answers an operation
   */
  take(route: string, isMutation: boolean): Fault | undefined {
    for (const [id, entry] of this.#faults) {
      if (!this.#applies(entry.fault, route, isMutation)) continue;
      if (entry.fault.share !== undefined && Math.random() >= entry.fault.share) continue;
      if (--entry.left <= 0) this.#faults.delete(id);
      return entry.fault;
    }
    return undefined;
  }

  /** A fault is not spent on a request that it cannot affect. */
  #applies({ kind, route: wanted }: Fault, route: string, isMutation: boolean): boolean {
    if (wanted !== undefined && wanted !== route) return false;
    if (kind === "never-boots") return this.#booting.has(route);
    return isMutation || (kind !== "operation-fails" && kind !== "operation-hangs");
  }
}
