import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startMetadata } from "../metadata/index.ts";
import { issueCertificate } from "../registry/certificates.ts";
import { startMirror } from "../registry/mirror.ts";
import { prepareRegistry } from "../registry/registry.ts";
import type { Network, World } from "../types.ts";
import { dnsPidFile, startDns, type Dns } from "./dns.ts";
import { lostTargets, targetsOf } from "./elastic.ts";
import { HealthChecks } from "./health.ts";
import { answerFor, forgetConnections, loadRuleset, prepareKernel, requireBridge, unloadRuleset } from "./host.ts";
import { layoutOf, servicePorts, type Layout } from "./layout.ts";
import { endLeftover, readPidFile, writePidFile } from "./process.ts";
import { renderRuleset } from "./ruleset.ts";
import { Service } from "./supervise.ts";

export interface NetworkOptions {
  /** The zone's state directory: CA, certificates and logs are kept there. */
  readonly state: string;
  readonly world: World;
  /** The bridge that instances are plugged into; it must be there when the network opens. */
  readonly bridge: string;
  /** CIDR of the instances' network. */
  readonly subnet: string;
  /** The host's address in it. */
  readonly gateway: string;
  /** The zone's name, for the metadata service; `local-1` by default. */
  readonly zone?: string;
  /** Directory with `files/` and `registry/`; without it neither mirror nor registry. */
  readonly mirror?: string;
  /** Directory of the node image, served at the mirror's `/template/`. */
  readonly template?: string;
  readonly log: (line: string) => void;
}

/** A network that is none: for a zone without machines. */
export const noNetwork = (): Network => ({ open: async () => {}, apply: async () => {}, close: async () => {} });

/**
 * The zone's network on this host: packet filter, elastic IPs, metadata service, DNS, mirror and registry. Needs root.
 *
 * What an earlier daemon left behind is taken over or removed by `open`, and by `close` even without `open`.
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
  /** What `close` undoes, last first. */
  readonly #undo: (() => Promise<unknown>)[] = [];
  #metadataPort = 0;
  #dns: Dns | undefined;
  #loaded = "";
  #targets = new Map<string, string[]>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #open = false;

  constructor(options: NetworkOptions, layout: Layout) {
    this.#options = options;
    this.#layout = layout;
    this.#health = new HealthChecks({
      from: layout.healthCheckSource,
      log: options.log,
      onChange: () => void this.apply().catch((error: unknown) => options.log(`network: ${String(error)}`)),
    });
  }

  async open(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { state, world, zone = "local-1" } = this.#options;
    const layout = this.#layout;
    await requireBridge(layout);
    const other = await this.#otherDaemon();
    if (other !== undefined) {
      throw new Error(`process ${other} runs a zone on the bridge ${layout.bridge}: end it, or give this zone another network name`);
    }
    await prepareKernel();
    await mkdir(layout.runtime, { recursive: true, mode: 0o755 });
    await mkdir(state, { recursive: true, mode: 0o700 });
    await writePidFile(ownerFile(layout), process.pid);
    const metadata = await startMetadata({ world, zone, address: layout.gateway });
    this.#undo.push(() => metadata.close());
    this.#metadataPort = metadata.port;
    this.#open = true;
    // Rules before services: nothing of the host is open to instances for a moment.
    await this.apply();
    // All come to their end before one's failure counts, so that `close` finds what each has started.
    const started = await Promise.allSettled([this.#startDns(), this.#startMirror()]);
    for (const result of started) if (result.status === "rejected") throw result.reason;
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
    await dns.follow(this.#options.world);
  }

  async #startMirror(): Promise<void> {
    const { state, log } = this.#options;
    const { bridge, gateway, runtime } = this.#layout;
    const mirror = present(this.#options.mirror);
    const template = present(this.#options.template);
    if (mirror === undefined) log("mirror: no directory to serve files and images from, so nodes need upstream's");
    if (mirror === undefined && template === undefined) return;
    const certificate = await issueCertificate(resolve(state), `Exoscale local zone ${bridge}`, [gateway, "127.0.0.1"]);
    const files = mirror && join(mirror, "files");
    this.#undo.push(await startMirror({
      address: gateway, port: servicePorts.mirror, certificate, ...files && { files }, ...template && { template },
    }));
    if (mirror === undefined) return;
    const registry = await prepareRegistry({
      address: gateway, port: servicePorts.registry, certificate, storage: join(mirror, "registry"), configFile: join(runtime, "registry.yml"),
    });
    const service = await Service.start({
      name: "registry", package: "docker-registry", pidFile: registryPidFile(this.#layout), logFile: join(state, "registry.log"), log, ...registry,
    });
    this.#undo.push(() => service.stop());
  }

  apply(): Promise<void> {
    // One runs, one waits: whoever calls meanwhile is served by the one that waits, which sees the newest world.
    if (this.#running === undefined) {
      this.#running = this.#applyOnce().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.apply();
    });
    return this.#next;
  }

  async #applyOnce(): Promise<void> {
    if (!this.#open) return;
    const { world } = this.#options;
    this.#health.follow(world);
    const targets = targetsOf(world, this.#health.healthy);
    const ruleset = renderRuleset(world, { layout: this.#layout, metadataPort: this.#metadataPort, targets });
    if (ruleset !== this.#loaded) {
      await answerFor(new Set(targets.keys()), this.#layout);
      await loadRuleset(ruleset);
      this.#loaded = ruleset;
    }
    const lost = lostTargets(this.#targets, targets);
    this.#targets = targets;
    await Promise.all([...lost.map(forgetConnections), this.#dns?.follow(world)]);
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#health.close();
    await this.#running?.catch(() => {});
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    this.#dns = undefined;
    this.#loaded = "";
    this.#targets = new Map();
    // A zone that could not open beside another must not end that one's.
    if (await this.#otherDaemon() !== undefined) return;
    await Promise.all([dnsPidFile, registryPidFile].map((file) => endLeftover(file(this.#layout))));
    await unloadRuleset(this.#layout);
    if (existsSync(`/sys/class/net/${this.#layout.bridge}`)) await answerFor(new Set(), this.#layout);
    await rm(this.#layout.runtime, { recursive: true, force: true });
  }
}

const ownerFile = ({ runtime }: Layout): string => join(runtime, "daemon.pid");

const registryPidFile = ({ runtime }: Layout): string => join(runtime, "registry.pid");

/** The directory as an absolute path, if it is there. */
const present = (directory: string | undefined): string | undefined =>
  directory !== undefined && existsSync(directory) ? resolve(directory) : undefined;
