import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openAdmin } from "./admin.ts";
import { addressesIn } from "./addresses.ts";
import { listen, type Api } from "./api/index.ts";
import type { Otherwise } from "./api/server.ts";
import { loadCredentials } from "./credentials.ts";
import type { ZoneOptions } from "./options.ts";
import { State, STATE_FILE } from "./state.ts";
import type { Machines, Network } from "./types.ts";
import { createWeb } from "./web/index.ts";

export interface RunningZone {
  readonly api: Api;
  /** Ends the daemon's part: machines and the network's rules stay as they are. To be followed by the process's end. */
  close(): Promise<void>;
  /** Takes everything away: machines, network, and the state itself. */
  remove(): Promise<void>;
}

const bridgeOf = ({ networkName }: ZoneOptions): string => `${networkName}0`;

/**
 * Runs the zone in this process: API, machines and network over one state. Resolves once the API answers.
 *
 * @throws Error with a sentence for the user: a state in use, a taken port, a missing right, an engine that fails.
 */
export async function runZone(options: ZoneOptions, log: (line: string) => void): Promise<RunningZone> {
  if (options.machines === "docker" && process.getuid?.() !== 0) {
    throw new Error("instances need root: run this as root, or give --machines=none for the API alone");
  }
  refuseForeignDirectory(options.state);
  const state = openState(options.state);
  const undo: (() => Promise<void> | void)[] = [() => state.close()];
  try {
    chmodSync(options.state, 0o700);
    refuseOtherHardware(options);
    const pidFile = join(options.state, "zone.pid");
    writeFileSync(pidFile, `${process.pid}\n`);
    undo.push(() => rmSync(pidFile, { force: true }));
    const credentials = loadCredentials(options.state);
    const { machines, network } = await openHardware(options, state, log);
    const { host, port, network: subnet, operationDelay } = options;
    const otherwise: Otherwise = (request, response) => web(request, response);
    const api = await listen({
      state,
      machines,
      network,
      credentials,
      host,
      port,
      subnet,
      operationDelay,
      otherwise,
      log,
    });
    const web = createWeb({ zone: api.zone });
    undo.push(() => api.close());
    writeFileSync(optionsFile(options.state), JSON.stringify(options)); // for removeZone, after a crash
    undo.push(() => network.release());
    // A host that restarted has no rules any more, and the engine may start machines by itself.
    await network.prepare();
    undo.push(() => machines.close());
    await machines.open();
    await network.open();
    await api.open();

    const running: RunningZone = {
      api,
      close: async () => {
        await closeAdmin();
        await api.close();
        // The network stays: instances run on, and nobody shall reach them past their security groups meanwhile.
        await machines.close();
        rmSync(pidFile, { force: true });
        state.close();
      },
      remove: async () => {
        await api.close();
        await machines.close({ remove: true });
        await network.close();
        state.close();
        rmSync(options.state, { recursive: true, force: true });
      },
    };
    const closeAdmin = await openAdmin(join(options.state, "admin.sock"), options, running, log);
    log(`zone ${api.zone.name} is at ${api.zone.url}, machines: ${options.machines}, process ${process.pid}`);
    return running;
  } catch (error) {
    for (const step of undo.reverse()) {
      await Promise.resolve()
        .then(step)
        .catch((further: unknown) => log(`ending what had started: ${String(further)}`));
    }
    throw error;
  }
}

/**
 * Removes what a daemon that no longer runs has left: machines, network, state.
 *
 * @returns false if there was nothing
 * @throws Error if a daemon does run
 */
export async function removeZone(directory: string, log: (line: string) => void): Promise<boolean> {
  if (!existsSync(join(directory, STATE_FILE))) return false;
  const state = openState(directory);
  if (existsSync(optionsFile(directory))) {
    const options = JSON.parse(readFileSync(optionsFile(directory), "utf8")) as ZoneOptions;
    const { machines, network } = await openHardware(options, state, log);
    await machines.close({ remove: true });
    // A bridge that is still there belongs to another zone, which was started since: so does all that has its name.
    if (!existsSync(`/sys/class/net/${bridgeOf(options)}`)) await network.close();
  }
  state.close();
  rmSync(directory, { recursive: true, force: true });
  return true;
}

/** Everything in the state's directory goes with the zone: it must not have been there before. */
function refuseForeignDirectory(directory: string): void {
  const present = existsSync(directory) ? readdirSync(directory).filter((name) => name !== "zone.log") : [];
  if (present.length > 0 && !present.includes(STATE_FILE)) {
    throw new Error(`${directory} holds other things than a zone: give --state a directory of its own`);
  }
}

/** Where the options of a zone stand that may have machines or a network, from its first start to its removal. */
const optionsFile = (state: string): string => join(state, "zone.json");

/** Instances, their addresses and their network cannot change under a state that may have some. */
function refuseOtherHardware(options: ZoneOptions): void {
  const file = optionsFile(options.state);
  if (!existsSync(file)) return;
  const before = JSON.parse(readFileSync(file, "utf8")) as ZoneOptions;
  const flags = { machines: "--machines", network: "--network", networkName: "--network-name" } as const;
  for (const [name, flag] of Object.entries(flags) as [keyof typeof flags, string][]) {
    if (before[name] !== options[name]) {
      throw new Error(
        `the zone on ${options.state} was made with ${flag}=${before[name]}: give that, or remove the zone with bin/zone down`,
      );
    }
  }
}

function openState(directory: string): State {
  try {
    return new State(directory);
  } catch (error) {
    const pidFile = join(directory, "zone.pid");
    const pid = existsSync(pidFile) ? readFileSync(pidFile, "utf8").trim() : undefined;
    throw new Error(`${(error as Error).message}${pid === undefined ? "" : ` (process ${pid})`}`);
  }
}

async function openHardware(
  options: ZoneOptions,
  state: State,
  log: (line: string) => void,
): Promise<{ machines: Machines; network: Network }> {
  const machineRoom = await import("./machines/index.ts");
  const networkRoom = await import("./network/index.ts");
  if (options.machines === "none") return { machines: machineRoom.noMachines(), network: networkRoom.noNetwork() };
  const { gateway } = addressesIn(options.network);
  const common = { state: options.state, subnet: options.network, gateway, log };
  return {
    machines: machineRoom.createMachines({
      ...common,
      network: options.networkName,
      ca: join(options.state, "ca.pem"),
    }),
    network: networkRoom.createNetwork({
      ...common,
      inventory: state,
      bridge: bridgeOf(options),
      mirror: options.mirror,
      template: options.template,
    }),
  };
}
