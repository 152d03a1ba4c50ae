/** Private networks: each has a bridge on this host, and those with a range have a DHCP server. */
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { PrivateNetwork, Inventory } from "../types.ts";
import { run } from "../command.ts";
import { removeDhcp, startDhcp, type DhcpServer, type DhcpSettings } from "./dhcp.ts";
import { deleteLink } from "./host.ts";
import { privateBridge, type Layout } from "./layout.ts";

/** Makes the host's bridges those of the inventory's private networks; takes over or removes those of an earlier daemon. */
export async function followBridges(inventory: Pick<Inventory, "privateNetworks">, layout: Layout): Promise<void> {
  const wanted = [...inventory.privateNetworks.keys()].map((id) => privateBridge(layout.bridge, id));
  const present = await ownBridges(layout);
  for (const bridge of present.filter((name) => !wanted.includes(name))) {
    await removeDhcp(layout, bridge);
    await deleteLink(bridge);
  }
  for (const bridge of wanted.filter((name) => !present.includes(name))) await makeBridge(bridge, layout);
}

/** Bridges with this zone's mark as their alias. */
async function ownBridges({ mark }: Layout): Promise<string[]> {
  const candidates = (await readdir("/sys/class/net")).filter((name) => name.startsWith("pn"));
  const marks = await Promise.all(
    candidates.map((name) => readFile(`/sys/class/net/${name}/ifalias`, "utf8").catch(() => "")),
  );
  return candidates.filter((_, index) => marks[index]!.trim() === mark);
}

/** Creates a bridge on which the host has no address and does not answer ARP. */
async function makeBridge(bridge: string, { mark }: Layout): Promise<void> {
  await run("ip", ["link", "add", bridge, "type", "bridge", "mcast_snooping", "0"]);
  await run("ip", ["link", "set", bridge, "alias", mark]);
  for (const [name, value] of [
    ["ipv6/conf/*/disable_ipv6", "1"],
    ["ipv4/conf/*/arp_ignore", "8"],
  ] as const) {
    const file = `/proc/sys/net/${name.replace("*", bridge)}`;
    // Missing in a kernel without IPv6.
    if (existsSync(file)) await writeFile(file, value);
  }
  await run("ip", ["link", "set", bridge, "up"]);
}

interface Served {
  readonly settings: DhcpSettings;
  /** Undefined if it did not start. */
  readonly server?: DhcpServer;
}

/** The bridges and DHCP servers of a running zone's private networks. */
export class PrivateNetworks {
  readonly #layout: Layout;
  readonly #state: string;
  readonly #log: (line: string) => void;
  readonly #served = new Map<string, Served>();

  /** @param state directory for the DHCP servers' logs */
  constructor(layout: Layout, state: string, log: (line: string) => void) {
    this.#layout = layout;
    this.#state = state;
    this.#log = log;
  }

  /**
   * Makes them those of the inventory.
   *
   * @throws Error of the first DHCP server that does not start, once all others have; it is tried again when its settings
   * change
   */
  async follow(inventory: Inventory): Promise<void> {
    const managed = [...inventory.privateNetworks.values()].filter(({ range }) => range !== undefined);
    const gone = [...this.#served.keys()].filter((id) => !managed.some((network) => network.id === id));
    await Promise.all(gone.map((id) => this.#stop(id)));
    await followBridges(inventory, this.#layout);
    const outcome = await Promise.allSettled(managed.map((network) => this.#serve(network, inventory)));
    for (const result of outcome) if (result.status === "rejected") throw result.reason;
  }

  async #serve({ id, name, range, options }: PrivateNetwork, inventory: Inventory): Promise<void> {
    const attachments = [...inventory.instances.values()].flatMap(({ privateNetworks }) => privateNetworks);
    const leases = attachments.flatMap(({ network, mac, ip }) =>
      network === id && ip !== undefined ? { mac, ip } : [],
    );
    const settings = { range: range!, options, leases };
    if (isDeepStrictEqual(this.#served.get(id)?.settings, settings)) return;
    // A new process, because the old one may have leased addresses that now belong to others.
    await this.#stop(id);
    this.#served.set(id, { settings });
    const bridge = privateBridge(this.#layout.bridge, id);
    const server = await startDhcp({
      layout: this.#layout,
      bridge,
      name,
      settings,
      state: this.#state,
      log: this.#log,
    });
    this.#served.set(id, { settings, server });
  }

  async #stop(id: string): Promise<void> {
    const served = this.#served.get(id);
    this.#served.delete(id);
    await served?.server?.stop();
  }

  /** Ends the DHCP servers; bridges stay. */
  async close(): Promise<void> {
    await Promise.all([...this.#served.keys()].map((id) => this.#stop(id)));
  }
}
