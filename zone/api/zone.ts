/** What every route works with. */
import type { Addresses } from "../addresses.ts";
import type { State } from "../state.ts";
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

export interface ZoneSettings {
  /** Minimum time that an operation stays pending, in milliseconds. */
  readonly operationDelay: number;
  /** Limits by the resource's name in `GET /quota`. */
  readonly quotas: Readonly<Record<string, number>>;
  /**
   * Whether an instance shows its public address before its first start. Exoscale does not document it, so clients must
   * handle both.
   */
  readonly addressBeforeStart: boolean;
  /**
   * SSH keys that can be registered. Exoscale's document has no limit; its other documentation shows RSA and Ed25519, and
   * no other.
   */
  readonly sshKeys: SshKeyKinds;
  /** Instance types, `family.size`, that the account may not use, beside standard.colossus. */
  readonly unauthorizedTypes: readonly string[];
}

export type SshKeyKinds = "any" | "rsa-ed25519";
