/** What every route works with. */
import type { Addresses } from "../addresses.ts";
import type { State } from "../state.ts";
import type { Traits } from "../traits.ts";
import type { Machines, Network } from "../types.ts";
import type { Family } from "./family.ts";

export interface Zone {
  /** e.g. `local-1`. */
  readonly name: string;
  /** The API's own address with `/v2`; empty until it listens. */
  url: string;
  /** Requests answered since the daemon started. */
  apiCalls: number;
  readonly families: readonly Family[];
  readonly state: State;
  readonly machines: Machines;
  readonly network: Network;
  readonly addresses: Addresses;
  readonly settings: ZoneSettings;
  readonly log: (line: string) => void;
}

export interface ZoneSettings extends Traits {
  /** Limits by the resource's name in `GET /quota`. */
  readonly quotas: Readonly<Record<string, number>>;
}
