import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import { addressesIn } from "../addresses.ts";
import type { State } from "../state.ts";
import type { Machines, Network } from "../types.ts";
import { Faults } from "./faults.ts";
import { Operations } from "./operations.ts";
import { settle } from "./routes/instance-state.ts";
import { HANDLERS, WORK } from "./routes/index.ts";
import { DEFAULT_GROUP } from "./routes/security-groups.ts";
import { createApiServer, type Otherwise } from "./server.ts";
import type { Credentials } from "./signature.ts";
import type { Zone, ZoneSettings } from "./zone.ts";

export interface ApiOptions extends Partial<ZoneSettings> {
  /** Default `local-1`. */
  readonly name?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** CIDR of the zone's addresses; default 198.18.0.0/16. */
  readonly subnet?: string;
  readonly state: State;
  readonly machines: Machines;
  readonly network: Network;
  readonly credentials: Credentials;
  /** Defaults false; see ApiServerOptions. */
  readonly validateResponses?: boolean;
  readonly refuseUnknownFields?: boolean;
  /** Gets requests outside `/v2`, like those of a browser. */
  readonly otherwise?: Otherwise;
  readonly log?: (line: string) => void;
}

/** A zone whose API answers. */
export interface Api {
  readonly zone: Zone;
  readonly faults: Faults;
  /** Makes machines and network as the state says and takes up what was pending; until then all answers are 503. */
  open(): Promise<void>;
  /** Stops answering, and waits for the work under way. */
  close(): Promise<void>;
}

/** Exoscale's limits of a new organization where they matter to a client; the rest is as wide as the machine. */
const QUOTAS: Readonly<Record<string, number>> = {
  instance: 5000,
  "elastic-ip": 5,
  "security-group": 500,
  "anti-affinity-group": 1000,
  template: 100,
  "ssh-key": 1000,
  "private-network": 100,
};

/**
 * Begins to listen; answers 503 until `open`, so that a taken port is found before anything else is touched. To be
 * called before `machines.open()`, and `open` after `network.open()`.
 *
 * @throws Error when host and port cannot be listened on, in words for the user.
 */
export async function listen(options: ApiOptions): Promise<Api> {
  const {
    state,
    machines,
    network,
    credentials,
    validateResponses = false,
    refuseUnknownFields = false,
    otherwise,
    log = () => {},
  } = options;
  const zone: Zone = {
    name: options.name ?? "local-1",
    url: "",
    apiCalls: 0,
    state,
    machines,
    network,
    addresses: addressesIn(options.subnet ?? "198.18.0.0/16"),
    settings: {
      operationDelay: options.operationDelay ?? 150,
      quotas: { ...QUOTAS, ...options.quotas },
      addressBeforeStart: options.addressBeforeStart ?? true,
    },
    log,
  };
  // Before the machines open: they then tell what guests did while nobody watched.
  machines.onChange((id, to) => void followMachine(zone, id, to));
  const operations = new Operations(zone, WORK);
  const faults = new Faults(Object.keys(HANDLERS));
  let ready = false;
  const isReady = () => ready;
  const server = await createApiServer({
    zone,
    operations,
    faults,
    credentials,
    validateResponses,
    refuseUnknownFields,
    isReady,
    otherwise,
  });
  zone.url = await listenOn(server, options.host ?? "127.0.0.1", options.port ?? 0);

  return {
    zone,
    faults,
    open: async () => {
      makeDefaultGroup(state);
      await network.apply();
      for (const { id, state: was } of state.instances.values()) {
        if (was === "running") void operations.queue(id, () => restart(zone, id));
      }
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

function makeDefaultGroup(state: State): void {
  if ([...state.securityGroups.values()].some(({ name }) => name === DEFAULT_GROUP)) return;
  const group = { id: randomUUID(), name: DEFAULT_GROUP, description: "Default Security Group", rules: [] };
  state.write((change) => change.put("securityGroups", group));
}

/** After a restart of the daemon or of the host: the machine may still run, or not. */
async function restart(zone: Zone, id: string): Promise<void> {
  const instance = zone.state.instances.get(id);
  if (instance?.state !== "running" || instance.unbooted) return;
  try {
    await zone.machines.start(instance);
  } catch (error) {
    zone.log(`instance ${id} does not start again, so it is stopped: ${(error as Error).message}`);
    settle(zone, id, ["running"], { state: "stopped" });
  }
  await zone.network.apply();
}

/** A guest that turned itself off, or came back: its instance follows, unless an operation is changing it right now. */
async function followMachine(zone: Zone, id: string, to: "running" | "stopped"): Promise<void> {
  const instance = zone.state.instances.get(id);
  if (instance === undefined || instance.state === to || instance.unbooted) return;
  settle(zone, id, ["running", "stopped"], { state: to });
  zone.log(`instance ${id}: the guest is ${to}`);
  await zone.network.apply().catch((error: unknown) => zone.log(String(error)));
}
