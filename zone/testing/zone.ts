import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { tablesOf } from "../api/family.ts";
import { listen } from "../api/index.ts";
import type { Faults } from "../api/faults.ts";
import type { Otherwise } from "../api/server.ts";
import type { Zone, ZoneSettings } from "../api/zone.ts";
import { loadCredentials } from "../credentials.ts";
import { FAMILIES } from "../families/index.ts";
import { noMachines } from "../machines/none.ts";
import { noNetwork } from "../network/index.ts";
import { openState } from "../state.ts";
import type { Machines, Network } from "../types.ts";

export interface TestApiOptions extends Partial<ZoneSettings> {
  /** State directory, which is kept; default: a temporary one that `close` removes. */
  readonly state?: string;
  readonly machines?: Machines;
  readonly network?: Network;
  readonly port?: number;
  /** Refuses requests with fields that are not in the OpenAPI document; default true. */
  readonly refuseUnknownFields?: boolean;
  /** Handles requests outside `/v2`. */
  readonly otherwise?: Otherwise;
  readonly log?: (line: string) => void;
}

export interface TestApi {
  /** e.g. `http://127.0.0.1:34567/v2`. */
  readonly url: string;
  readonly key: string;
  readonly secret: string;
  /** Faults to inject: `api.faults.add({ kind: "drop-after", route: "create-instance", count: 1 })`. */
  readonly faults: Faults;
  readonly zone: Zone;
  close(): Promise<void>;
}

/**
 * Starts the zone's API for tests: in this process, on a free port of 127.0.0.1, without machines. Operations take 5 ms
 * by default, and a response that does not match the OpenAPI document becomes a 500 with the reason.
 */
export async function startApi(options: TestApiOptions = {}): Promise<TestApi> {
  const { state: directory = mkdtempSync(join(tmpdir(), "zone-")), operationDelay = 5 } = options;
  const state = openState(directory, tablesOf(FAMILIES));
  const credentials = loadCredentials(directory);
  const api = await listen({
    name: "local-1",
    families: FAMILIES,
    host: "127.0.0.1",
    port: 0,
    subnet: "198.18.0.0/16",
    machines: noMachines(),
    network: noNetwork(),
    validateResponses: true,
    refuseUnknownFields: true,
    ...options,
    operationDelay,
    state,
    credentials,
  });
  await api.open();
  return {
    url: api.zone.url,
    ...credentials,
    faults: api.faults,
    zone: api.zone,
    close: async () => {
      await api.close();
      state.close();
      if (options.state === undefined) rmSync(directory, { recursive: true });
    },
  };
}
