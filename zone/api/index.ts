import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { addressesIn } from "../addresses.ts";
import type { State } from "../state.ts";
import { traitsIn } from "../traits.ts";
import type { Machines, Network } from "../types.ts";
import { absentRoutes } from "./absent.ts";
import { quotasOf, type Family } from "./family.ts";
import { Faults } from "./faults.ts";
import { Operations } from "./operations.ts";
import { createApiServer, type Otherwise } from "./server.ts";
import type { Credentials } from "./signature.ts";
import type { Zone, ZoneSettings } from "./zone.ts";

export interface ApiOptions extends Partial<ZoneSettings> {
  /** The zone's name. */
  readonly name: string;
  /** What the zone knows of; `state` needs their tables. */
  readonly families: readonly Family[];
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** CIDR of the zone's addresses. */
  readonly subnet: string;
  readonly state: State;
  readonly machines: Machines;
  readonly network: Network;
  readonly credentials: Credentials;
  /** Default false; see BackendOptions. */
  readonly validateResponses?: boolean;
  /** Default false; see BackendOptions. */
  readonly refuseUnknownFields?: boolean;
  /** Gets requests outside `/v2`, like those of a browser. */
  readonly otherwise?: Otherwise;
  readonly log?: (line: string) => void;
}

/** A zone whose API answers. */
export interface Api {
  readonly zone: Zone;
  readonly faults: Faults;
  /** Makes machines and network match the state and resumes pending operations; until then all answers are 503. */
  open(): Promise<void>;
  /** Stops answering, and waits for running tasks. */
  close(): Promise<void>;
}

/**
 * Begins to listen; answers 503 until `open`, so that a taken port is found before anything else is touched. Call it
 * before `machines.open()`, and `open` after `network.open()`.
 *
 * @throws Error when host and port cannot be listened on, in words for the user.
 */
export async function listen(options: ApiOptions): Promise<Api> {
  const { name, families, state, machines, network, credentials, otherwise, log = () => {} } = options;
  const zone: Zone = {
    name,
    url: "",
    apiCalls: 0,
    families,
    state,
    machines,
    network,
    addresses: addressesIn(options.subnet),
    settings: { ...traitsIn(options), quotas: { ...quotasOf(families), ...options.quotas } },
    log,
  };
  // Before the machines open: they then report what guests did while no daemon ran.
  machines.onChange((id, to) => {
    for (const { followMachine } of families) void followMachine?.(zone, id, to);
  });
  const routes = families.flatMap((family) => family.routes);
  const operations = new Operations(zone, routes);
  const faults = new Faults([...routes, ...absentRoutes().map((id) => ({ id }))]);
  let ready = false;
  const server = await createApiServer({
    zone,
    operations,
    faults,
    credentials,
    validateResponses: options.validateResponses ?? false,
    refuseUnknownFields: options.refuseUnknownFields ?? false,
    isReady: () => ready,
    otherwise,
  });
  zone.url = await listenOn(server, options.host, options.port);

  return {
    zone,
    faults,
    open: async () => {
      for (const { prepare } of families) prepare?.(zone);
      await network.apply();
      for (const { restore } of families)
        for (const [id, task] of restore?.(zone) ?? []) void operations.queue(id, task);
      operations.resume();
      ready = true;
    },
    close: async () => {
      ready = false;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await operations.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listenOn(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "EADDRINUSE"
          ? "another program listens there: end it, or choose another address with --listen"
          : error.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${reason}`));
    });
    server.listen(port, host, resolve);
  });
  return `http://${host}:${(server.address() as AddressInfo).port}/v2`;
}
