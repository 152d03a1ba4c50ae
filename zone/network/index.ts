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
  /** The bridge that instances are plugged into; it must be there when the network opens. */
  readonly bridge: string;
  /** CIDR of the instances' network. */
  readonly subnet: string;
  /** The host's address in it. */
  readonly gateway: string;
  /** The zone's name, for the metadata service. @default `local-1` */
  readonly zone?: string;
  readonly log: (line: string) => void;
}

/** A network that is none: for a zone without machines. */
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
 * What an earlier daemon left behind is taken over or removed by `open`, and by `close` even without `open`. Rules that
 * somebody else removes or changes are loaded again.
 *
 * @throws Error when `bridge` or `subnet` cannot be a zone's
 */
export function createNetwork(options: NetworkOptions): Network {
  return new LocalNetwork(options, layoutOf(options));
}

class LocalNetwork implements Network {
  readonly #options: NetworkOptions;
  readonly #layout: Layout;
  readonly #health: HealthChecks;
  /** What the end undoes, last first. */
  readonly #undo: (() => Promise<unknown>)[] = [];
  #metadataPort = 0;
  #dns: Dns | undefined;
  #private: PrivateNetworks | undefined;
  /** The rules as they were loaded, and as the kernel lists them. */
  #loaded = "";
  #listed: string | undefined;
  /** Somebody, if only the zone, has changed tables of this host since the last look. */
  #suspicious = true;
  /** What other firewalls were told last. */
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
      onChange: () => this.#applyUnasked(),
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
    // Health checks are sent from one of these, and begin with the first apply.
    await answerFor(new Set([layout.healthCheckSource]), layout);
    const metadata = await startMetadata({ inventory, zone, address: layout.gateway });
    this.#undo.push(() => metadata.close());
    this.#metadataPort = metadata.port;
    this.#open = true;
    // Rules before services: nothing of the host is open to instances for a moment.
    await this.apply();
    this.#undo.push(
      await watchRulesets(() => {
        this.#suspicious = true;
        this.#applyUnasked();
      }, log),
    );
    // All come to their end before one's failure counts, so that the end finds what each has started.
    const started = await Promise.allSettled([this.#startDns(), this.#startMirrorAndRegistry()]);
    for (const result of started) if (result.status === "rejected") throw result.reason;
    const networks = (this.#private = new PrivateNetworks(layout, state, log));
    this.#undo.push(() => networks.close());
    // One that has no DHCP server keeps nobody from the rest of the zone.
    await networks.follow(inventory).catch((error: Error) => log(error.message));
  }

  /** The process of another zone that lives on the same bridge. */
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
    // One runs, one waits: whoever calls meanwhile is served by the one that waits, which sees the newest inventory.
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

  /** For what happens by itself: nobody waits for the outcome. */
  #applyUnasked(): void {
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

  /** Brings rules into force, and sees to it that nothing else on this host is in their way. */
  async #load(ruleset: string, targets: ReadonlyMap<string, unknown>): Promise<void> {
    const { inventory, log } = this.#options;
    const layout = this.#layout;
    const suspicious = this.#suspicious;
    this.#suspicious = false;
    if (suspicious && this.#loaded !== "" && (await listRuleset(layout)) !== this.#listed) {
      log(
        `network: somebody else has removed or changed the tables ${layout.bridge}, which are the zone's rules: they are loaded again`,
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
    if (suspicious || !isDeepStrictEqual(passages, this.#admitted)) {
      await admitPassages(passages, layout).catch((error: Error) => {
        // Later the zone goes on with what it can do.
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
    // A zone that could not open beside another must not end that one's.
    if ((await this.#otherDaemon()) !== undefined) return;
    await Promise.all([dnsPidFile(layout), registryPidFile(layout.runtime)].map(endLeftover));
    await followBridges({ privateNetworks: new Map() }, layout);
    await admitPassages([], layout).catch((error: Error) => log(error.message));
    await unloadRuleset(layout);
    if (existsSync(`/sys/class/net/${layout.bridge}`)) await answerFor(new Set(), layout);
    await rm(layout.runtime, { recursive: true, force: true });
  }

  /** Ends what this process runs for the network. */
  async #end(): Promise<void> {
    this.#open = this.#prepared = false;
    this.#health.close();
    await this.#running?.catch(() => {});
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    this.#dns = this.#private = undefined;
    this.#loaded = "";
    this.#suspicious = true;
    this.#admitted = [];
    this.#targets = new Map();
  }
}

const ownerFile = ({ runtime }: Layout): string => join(runtime, "daemon.pid");
