import { createHash } from "node:crypto";
import { healthCheckSourceOf } from "../addresses.ts";
import { parseNetwork } from "../ipv4.ts";

/** One zone's place on this host: everything that two zones beside each other must not share derives from it. */
export interface Layout {
  /** The bridge's interface, and the name of the zone's nftables tables. */
  readonly bridge: string;
  /** CIDR of the instances' network. */
  readonly subnet: string;
  /** The host's address in it: router, resolver and metadata service of the instances. */
  readonly gateway: string;
  /** From `healthCheckSourceOf`. */
  readonly healthCheckSource: string;
  /** Pid files and what unprivileged processes must read: the state directory is closed to them. Gone with a reboot. */
  readonly runtime: string;
  /** What the zone's things on this host are known by where a name has no room: interfaces, rules in others' tables. */
  readonly mark: string;
}

/**
 * @throws Error when `subnet` is not an IPv4 network of at least a /22, or when `bridge` cannot be an interface's name.
 */
export function layoutOf({ bridge, subnet, gateway }: Pick<Layout, "bridge" | "subnet" | "gateway">): Layout {
  if (!/^[a-z][a-z0-9]{0,14}$/.test(bridge)) {
    throw new Error(
      `${bridge} cannot be the name of a bridge: give up to 15 lower-case letters and digits, like exozone0`,
    );
  }
  const network = parseNetwork(subnet);
  if (network === undefined || network.prefix > 22) {
    throw new Error(`${subnet} is no network for a zone: give an IPv4 network of a /22 or larger, like 198.18.0.0/16`);
  }
  return {
    bridge,
    subnet,
    gateway,
    healthCheckSource: healthCheckSourceOf(gateway),
    runtime: `/run/exoscale-network-${bridge}`,
    mark: `exoscale zone ${bridge}`,
  };
}

/**
 * Name of a private network's bridge on this host: another for each network, and for each zone by its own bridge's name.
 * Machines are plugged into it, the network makes it.
 */
export const privateBridge = (layoutBridge: string, networkId: string): string =>
  `pn${createHash("sha256").update(`${layoutBridge}/${networkId}`).digest("hex").slice(0, 12)}`;

/** What the host serves to instances at the gateway's address, at the ports instances know. */
export const servicePorts = { dns: 53, mirror: 8443, registry: 5000 } as const;

/** Where instances find the metadata service; the gateway's own address, the DHCP server's on Exoscale, is the other. */
export const metadataAddress = "169.254.169.254";
