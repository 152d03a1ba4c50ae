import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import writeFileAtomic from "write-file-atomic";

import { openAdmin } from "./admin.ts";
import { addressesIn } from "./addresses.ts";
import { tablesOf } from "./api/family.ts";
import { listen, type Api } from "./api/index.ts";
import type { Otherwise } from "./api/server.ts";
import { loadCredentials } from "./credentials.ts";
import { FAMILIES } from "./families/index.ts";
import type { ZoneOptions } from "./options.ts";
import { openState, STATE_FILE, type State } from "./state.ts";
import { traitsIn } from "./traits.ts";
import type { Machines, Network } from "./types.ts";
import { createWeb } from "./web/index.ts";

export interface RunningZone {
  readonly api: Api;
  /** Stops the daemon's part: machines and the network's rules stay. The process must exit afterwards. */
  close(): Promise<void>;
  /** Removes everything: machines, network, and the state itself. */
  remove(): Promise<void>;
}

/** The zone's name unless another is given. */
const DEFAULT_NAME = "local-1";

const bridgeOf = ({ networkName }: ZoneOptions): string => `${networkName}0`;

/**
 * Runs the zone in this process: API, machines and network over one state. Resolves once the API answers.
 *
 * @throws Error with a sentence for the user: a state in use, a taken port, a missing right, an engine that fails.
 */
export async function runZone(wanted: ZoneOptions, log: (line: string) => void): Promise<RunningZone> {
  if (wanted.machines === "docker" && process.getuid?.() !== 0) {
    throw new Error("instances need root: run this as root, or give --machines=none for the API alone");
  }
  refuseForeignDirectory(wanted.state);
  const state = openStateOf(wanted.state);
  const undo: (() => Promise<void> | void)[] = [() => state.close()];
  try {
    chmodSync(wanted.state, 0o700);
    const before = savedOptions(wanted.state);
    const options = { ...wanted, name: wanted.name ?? before?.name ?? DEFAULT_NAME };
    if (before !== undefined) refuseOtherZone(before, options);
    const pidFile = join(options.state, "zone.pid");
    writeFileSync(pidFile, `${process.pid}\n`);
    undo.push(() => rmSync(pidFile, { force: true }));
    const credentials = loadCredentials(options.state);
    const { machines, network } = await openHardware(options, state, log);
    const { host, port, network: subnet } = options;
    const otherwise: Otherwise = (request, response) => web(request, response);
    const api = await listen({
      ...traitsIn(options),
      name: options.name,
      families: FAMILIES,
      state,
      machines,
      network,
      credentials,
      host,
      port,
      subnet,
      otherwise,
      log,
    });
    const web = createWeb(api.zone);
    undo.push(() => api.close());
    // For the next start, and for removeZone after a crash.
    writeFileAtomic.sync(optionsFile(options.state), JSON.stringify(options));
    undo.push(() => network.release());
    // After a restart of the host there are no rules, and the engine may start machines by itself.
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
        // The network stays: instances keep running, and their security groups must keep protecting them.
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
  const state = openStateOf(directory);
  const options = savedOptions(directory);
  if (options !== undefined) {
    const { machines, network } = await openHardware(options, state, log);
    await machines.close({ remove: true });
    // A bridge that still exists belongs to a zone that was started since, and so does everything of its name.
    if (!existsSync(`/sys/class/net/${bridgeOf(options)}`)) await network.close();
  }
  state.close();
  rmSync(directory, { recursive: true, force: true });
  return true;
}

/** Removing the zone removes its whole directory, so nothing else may be in it. */
function refuseForeignDirectory(directory: string): void {
  const present = existsSync(directory) ? readdirSync(directory).filter((name) => name !== "zone.log") : [];
  if (present.length > 0 && !present.includes(STATE_FILE)) {
    throw new Error(`${directory} holds files that are not a zone's: give --state a directory of its own`);
  }
}

/** Holds the options of the zone's last start, from its first start to its removal. */
const optionsFile = (state: string): string => join(state, "zone.json");

/** The options of the zone's last start; undefined before its first. */
function savedOptions(state: string): ZoneOptions | undefined {
  const file = optionsFile(state);
  if (!existsSync(file)) return undefined;
  // Versions before names wrote none.
  return { name: DEFAULT_NAME, ...(JSON.parse(readFileSync(file, "utf8")) as ZoneOptions) };
}

/** Instances, their addresses and their network cannot change once they exist, and programs' states hold the zone's name. */
function refuseOtherZone(before: ZoneOptions, options: ZoneOptions): void {
  const flags = {
    name: "--name",
    machines: "--machines",
    network: "--network",
    networkName: "--network-name",
  } as const;
  for (const [name, flag] of Object.entries(flags) as [keyof typeof flags, string][]) {
    if (before[name] !== options[name]) {
      throw new Error(
        `the zone on ${options.state} was made with ${flag}=${before[name]}: give that, or remove the zone with bin/zone down`,
      );
    }
  }
}

function openStateOf(directory: string): State {
  try {
    return openState(directory, tablesOf(FAMILIES));
  } catch (error) {
    const pidFile = join(directory, "zone.pid");
    const pid = existsSync(pidFile) ? readFileSync(pidFile, "utf8").trim() : undefined;
    throw new Error(`${(error as Error).message}${pid === undefined ? "" : ` (process ${pid})`}`, { cause: error });
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
      shutdownSeconds: traitsIn(options).stopAfter,
    }),
    network: networkRoom.createNetwork({
      ...common,
      inventory: state,
      zone: options.name,
      bridge: bridgeOf(options),
      mirror: options.mirror,
      template: options.template,
    }),
  };
}
