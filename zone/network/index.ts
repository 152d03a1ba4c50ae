import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { startMetadata } from "../metadata/index.ts";
import { type MirrorDirectories, registryPidFile, startMirrorAndRegistry } from "../registry/index.ts";
import type { Network, Inventory } from "../types.ts";
import { dnsPidFile, startDns, type Dns } from "./dns.ts";
import { lostTargets, targetsOf } from "./elastic.ts";
import { admitPassages, passagesOf, type Passage } from "./firewall.ts";
import { HealthChecks } from "./health.ts";
import {
  answerFor,
  filterBridge,
  forgetConnections,
  listRuleset,
  loadRuleset,
  prepareKernel,
  requireBridge,
  unloadRuleset,
} from "./host.ts";
import { layoutOf, type Layout, privateBridge, servicePorts } from "./layout.ts";
import { followBridges, PrivateNetworks } from "./private.ts";
import { endLeftover, readPidFile, writePidFile } from "../services/process.ts";
import { renderLock, renderRuleset } from "./ruleset.ts";
import { watchRulesets } from "./watch.ts";

export interface NetworkOptions extends MirrorDirectories {
  /** The zone's state directory, for certificates and logs. */
  readonly state: string;
  readonly inventory: Inventory;
  /** The bridge of the instances; it must exist when the network opens. */
  readonly bridge: string;
  /** CIDR of the instances' network. */
  readonly subnet: string;
  /** The host's address in it. */
  readonly gateway: string;
  /** The zone's name, for the metadata service. @default `local-1` */
  readonly zone?: string;
  readonly log: (line: string) => void;
}

/** A network that does nothing: for a zone without machines. */
export const noNetwork = (): Network => ({
  prepare: async () => {},
  open: async () => {},
  apply: async () => {},
  isHealthy: () => undefined,
  release: async () => {},
  close: async () => {},
});

/**
 * The zone's network on this host: packet filter, private networks, elastic IPs, metadata service, DNS, mirror and
 * registry. Needs root.
 *
 * `open` takes over or removes what an earlier daemon left behind; `close` removes it even without `open`. Rules that
 * another program removes or changes are loaded again.
 *
 * @throws Error if `bridge` or `subnet` cannot be used for a zone
 */
export function createNetwork(options: NetworkOptions): Network {
  return new LocalNetwork(options, layoutOf(options));
}

class LocalNetwork implements Network {
  readonly #options: NetworkOptions;
  readonly #layout: Layout;
  readonly #health: HealthChecks;
  /** Ends what was started; called in reverse order. */
  readonly #undo: (() => Promise<unknown>)[] = [];
  #metadataPort = 0;
  #dns: Dns | undefined;
  #private: PrivateNetworks | undefined;
  /** The rules as they were loaded last, and as the kernel listed them then. */
  #loaded = "";
  #listed: string | undefined;
  /** Tables of this host have changed since the last check, maybe only by the zone itself. */
  #tablesChanged = true;
  /** The exceptions that other firewalls have. */
  #admitted: readonly Passage[] = [];
  #targets = new Map<string, string[]>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #prepared = false;
  #open = false;

  constructor(options: NetworkOptions, layout: Layout) {
    this.#options = options;
    this.#layout = layout;
    this.#health = new HealthChecks({
      from: layout.healthCheckSource,
      log: options.log,
      onChange: () => this.#applyInBackground(),
    });
  }

  async prepare(): Promise<void> {
    if (this.#prepared) return;
    const { state, inventory } = this.#options;
    const layout = this.#layout;
    const other = await this.#otherDaemon();
    if (other !== undefined) {
      throw new Error(
        `process ${other} runs a zone on the bridge ${layout.bridge}: end it, or give this zone another network name`,
      );
    }
    await prepareKernel();
    await mkdir(layout.runtime, { recursive: true, mode: 0o755 });
    await mkdir(state, { recursive: true, mode: 0o700 });
    await writePidFile(ownerFile(layout), process.pid);
    if ((await listRuleset(layout)) === undefined) await loadRuleset(renderLock(inventory, layout));
    await followBridges(inventory, layout);
    this.#prepared = true;
  }

  async open(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { state, inventory, zone = "local-1", log } = this.#options;
    const layout = this.#layout;
    await this.prepare();
    await requireBridge(layout);
    // The first apply starts health checks, which are sent from this address.
    await answerFor(new Set([layout.healthCheckSource]), layout);
    const metadata = await startMetadata({ inventory, zone, address: layout.gateway });
    this.#undo.push(() => metadata.close());
    this.#metadataPort = metadata.port;
    this.#open = true;
    // Rules first, so that instances never reach the host's other ports.
    await this.apply();
    this.#undo.push(
      await watchRulesets(() => {
        this.#tablesChanged = true;
        this.#applyInBackground();
      }, log),
    );
    // Wait for all before one's failure counts, so that #undo has what each has started.
    const started = await Promise.allSettled([this.#startDns(), this.#startMirrorAndRegistry()]);
    for (const result of started) if (result.status === "rejected") throw result.reason;
    const networks = (this.#private = new PrivateNetworks(layout, state, log));
    this.#undo.push(() => networks.close());
    // A DHCP server that fails does not keep the zone from starting.
    await networks.follow(inventory).catch((error: Error) => log(error.message));
  }

  /** Pid of another zone's daemon on the same bridge. */
  async #otherDaemon(): Promise<number | undefined> {
    const owner = await readPidFile(ownerFile(this.#layout));
    return owner === process.pid ? undefined : owner;
  }

  async #startDns(): Promise<void> {
    const dns = await startDns(this.#layout, this.#options.state, this.#options.log);
    this.#undo.push(() => dns.stop());
    this.#dns = dns;
    await dns.follow(this.#options.inventory);
  }

  isHealthy(elasticIp: string, instance: string): boolean | undefined {
    const { elasticIps, instances } = this.#options.inventory;
    const [ip, holder] = [elasticIps.get(elasticIp), instances.get(instance)];
    return ip?.healthcheck && holder && this.#health.healthy(ip, holder);
  }

  #startMirrorAndRegistry(): Promise<void> {
    const { state, mirror, template, log } = this.#options;
    const { bridge, gateway, runtime } = this.#layout;
    const name = `Exoscale local zone ${bridge}`;
    return startMirrorAndRegistry(
      { name, address: gateway, ports: servicePorts, state, runtime, mirror, template, log },
      this.#undo,
    );
  }

  apply(): Promise<void> {
    // At most one runs and one waits: further calls share the one that waits, since it sees the newest inventory.
    if (this.#running === undefined) {
      this.#running = this.#applyOnce().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.apply();
      });
    return this.#next;
  }

  /** After events: errors are logged. */
  #applyInBackground(): void {
    void this.apply().catch((error: unknown) => this.#options.log(`network: ${String(error)}`));
  }

  async #applyOnce(): Promise<void> {
    if (!this.#open) return;
    const { inventory } = this.#options;
    this.#health.follow(inventory);
    const targets = targetsOf(inventory, this.#health.healthy);
    await this.#load(
      renderRuleset(inventory, { layout: this.#layout, metadataPort: this.#metadataPort, targets }),
      targets,
    );
    const lost = lostTargets(this.#targets, targets);
    this.#targets = targets;
    await Promise.all([...lost.map(forgetConnections), this.#dns?.follow(inventory), this.#private?.follow(inventory)]);
  }

  /** Loads the rules, unless they are in force, and adds exceptions to the host's other firewalls. */
  async #load(ruleset: string, targets: ReadonlyMap<string, unknown>): Promise<void> {
    const { inventory, log } = this.#options;
    const layout = this.#layout;
    const tablesChanged = this.#tablesChanged;
    this.#tablesChanged = false;
    if (tablesChanged && this.#loaded !== "" && (await listRuleset(layout)) !== this.#listed) {
      log(
        `network: another program has removed or changed the tables ${layout.bridge}, which are the zone's rules: they are loaded again`,
      );
      this.#loaded = "";
    }
    await filterBridge(layout);
    if (ruleset !== this.#loaded) {
      await answerFor(new Set([layout.healthCheckSource, ...targets.keys()]), layout);
      await loadRuleset(ruleset);
      this.#loaded = ruleset;
      this.#listed = await listRuleset(layout);
    }
    const passages = passagesOf(
      layout,
      [...inventory.privateNetworks.keys()].map((id) => privateBridge(layout.bridge, id)),
    );
    if (tablesChanged || !isDeepStrictEqual(passages, this.#admitted)) {
      await admitPassages(passages, layout).catch((error: Error) => {
        // Fatal at the start only: later the zone goes on without the exception.
        if (this.#dns === undefined) throw error;
        log(error.message);
      });
      this.#admitted = passages;
    }
  }

  async release(): Promise<void> {
    if (this.#options.inventory.instances.size === 0) return this.close();
    await this.#end();
  }

  async close(): Promise<void> {
    await this.#end();
    const { log } = this.#options;
    const layout = this.#layout;
    // A zone that could not open because of another must not remove the other's network.
    if ((await this.#otherDaemon()) !== undefined) return;
    await Promise.all([dnsPidFile(layout), registryPidFile(layout.runtime)].map(endLeftover));
    await followBridges({ privateNetworks: new Map() }, layout);
    await admitPassages([], layout).catch((error: Error) => log(error.message));
    await unloadRuleset(layout);
    if (existsSync(`/sys/class/net/${layout.bridge}`)) await answerFor(new Set(), layout);
    await rm(layout.runtime, { recursive: true, force: true });
  }

  /** Ends everything that this process runs for the network. */
  async #end(): Promise<void> {
    this.#open = this.#prepared = false;
    this.#health.close();
    await this.#running?.catch(() => {});
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    this.#dns = this.#private = undefined;
    this.#loaded = "";
    this.#tablesChanged = true;
    this.#admitted = [];
    this.#targets = new Map();
  }
}

const ownerFile = ({ runtime }: Layout): string => join(runtime, "daemon.pid");
