/** What every handler works with, and what a handler is. */
import type { Change, State } from "../state.ts";
import type { OperationRecord, Reference } from "../records.ts";
import type { Machines, Network } from "../types.ts";
import type { Addresses } from "../addresses.ts";

export interface Zone {
  /** e.g. `local-1`. */
  readonly name: string;
  /** The API's own address with `/v2`; an empty text until it listens. */
  url: string;
  /** Requests answered since the daemon started. */
  apiCalls: number;
  readonly state: State;
  readonly machines: Machines;
  readonly network: Network;
  readonly addresses: Addresses;
  readonly settings: ZoneSettings;
  readonly log: (line: string) => void;
}

export interface ZoneSettings {
  /** Milliseconds an operation stays pending at least. */
  readonly operationDelay: number;
  /** Most of each resource, by its name in `GET /quota`. */
  readonly quotas: Readonly<Record<string, number>>;
  /**
   * Whether an instance shows its public address before its first start. Exoscale does not say, so clients must cope
   * with both.
   */
  readonly addressBeforeStart: boolean;
}

export interface ApiRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The body, which has passed the document's schema. */
  readonly body: any;
}

/**
 * A mutation as a handler has checked and prepared it: `change` is written together with the new operation, before the
 * answer; the work registered for `command` then makes machines and network follow.
 */
export class Plan {
  readonly command: string;
  readonly reference: Reference | undefined;
  readonly change: (change: Change) => void;
  readonly args: Readonly<Record<string, unknown>>;

  constructor(
    command: string,
    reference: Reference | undefined,
    change: (change: Change) => void,
    args: Readonly<Record<string, unknown>> = {},
  ) {
    this.command = command;
    this.reference = reference;
    this.change = change;
    this.args = args;
  }
}

/** Answers a route: the body of a 200, or the plan of an operation. Runs without a pause, so no two interleave. */
export type Handler = (zone: Zone, request: ApiRequest) => object | Plan;

/**
 * What an operation does after its answer. Must be safe to repeat from its beginning: after a crash it runs again.
 * Rejects with the reason of a failure.
 */
export type Work = (zone: Zone, operation: OperationRecord) => Promise<void>;

/** One family of routes: its handlers and the work of its operations, both by the document's operation id. */
export interface Family {
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly work?: Readonly<Record<string, Work>>;
}

/** The work of an operation that changes nothing but the inventory. */
export const applyNetwork: Work = (zone) => zone.network.apply();
