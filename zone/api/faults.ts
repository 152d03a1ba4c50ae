import { randomUUID } from "node:crypto";
import { z } from "zod";

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
  "never-boots", // done and running, as far as the API can tell; the guest never comes
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** The route's operation id, e.g. `create-instance`; default: every route that the kind can strike. */
  readonly route?: string;
  /** How often it strikes before it is used up; default: until removed. */
  readonly count?: number;
  /** Share of the matching requests it strikes, 0 to 1; default 1. */
  readonly share?: number;
  /** Seconds: of `Retry-After` (default 1) or of the delay of `slow` (default 5). */
  readonly seconds?: number;
}

/** A fault in force; its `count` says how often it will strike yet. */
export type ListedFault = Fault & { readonly id: string };

/** What a fault can strike. */
export interface Struck {
  /** The route's operation id. */
  readonly route: string;
  /** Whether the route answers an operation. */
  readonly isMutation: boolean;
}

/** Routes whose work boots a guest. */
const BOOTING = ["create-instance", "start-instance", "reboot-instance", "reset-instance"];

const SCHEMA = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  route: z.string().min(1).optional(),
  count: z.int().min(1).optional(),
  share: z.number().min(0).max(1).optional(),
  seconds: z.number().min(0).optional(),
});

/** The faults in force: none unless somebody asked. */
export class Faults {
  readonly #faults = new Map<string, { fault: Fault; left: number }>();
  readonly #routes: ReadonlySet<string>;

  /** @param routes every route's operation id: a fault for any other would wait for ever */
  constructor(routes: Iterable<string>) {
    this.#routes = new Set(routes);
  }

  /**
   * Returns an id for `remove`.
   *
   * @throws Error that says what is wrong with the fault
   */
  add(fault: Fault): string {
    const { success, error, data } = SCHEMA.safeParse(fault);
    if (!success)
      throw new Error(error.issues.map(({ path, message }) => `${path.join(".") || "fault"}: ${message}`).join("; "));
    const { kind, route } = data;
    if (route !== undefined && !this.#routes.has(route)) {
      throw new Error(`route: there is no ${route}: give an operation id of the API, like create-instance`);
    }
    if (kind === "never-boots" && route !== undefined && !BOOTING.includes(route)) {
      throw new Error(`route: ${route} boots nothing: give none, or one of ${BOOTING.join(", ")}`);
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

  /** The fault that strikes this request, if any; counts it. */
  take(request: Struck): Fault | undefined {
    for (const [id, entry] of this.#faults) {
      if (!strikes(entry.fault, request)) continue;
      if (entry.fault.share !== undefined && Math.random() >= entry.fault.share) continue;
      if (--entry.left <= 0) this.#faults.delete(id);
      return entry.fault;
    }
    return undefined;
  }
}

/** A fault is not spent on a request that it cannot hurt. */
function strikes({ kind, route: wanted }: Fault, { route, isMutation }: Struck): boolean {
  if (wanted !== undefined && wanted !== route) return false;
  switch (kind) {
    case "never-boots":
      return BOOTING.includes(route);
    case "operation-fails":
    case "operation-hangs":
      return isMutation;
    default:
      return true;
  }
}
