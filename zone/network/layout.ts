import { createHash } from "node:crypto";
import { healthCheckSourceOf } from "../addresses.ts";
import { parseNetwork } from "../ipv4.ts";

/** Names and addresses of a zone on this host: everything that two zones on one host must not share. */
export interface Layout {
  /** The bridge's interface, and the name of the zone's nftables tables. */
  readonly bridge: string;
  /** CIDR of the instances' network. */
  readonly subnet: string;
  /** The host's address in it: router, resolver and metadata service of the instances. */
  readonly gateway: string;
  /** From `healthCheckSourceOf`. */
  readonly healthCheckSource: string;
  /** Directory, in /run, of pid files and of files for unprivileged processes, which cannot read the state directory. */
  readonly runtime: string;
  /** Comment or alias that identifies the zone's interfaces, and its rules in other tables. */
  readonly mark: string;
}

/**
 * @throws Error if `subnet` is not an IPv4 network of at least a /22, or `bridge` cannot be an interface's name
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
 * Name of a private network's bridge on this host, different for each network and zone. The network creates it; machines
 * are connected to it.
 */
export const privateBridge = (layoutBridge: string, networkId: string): string =>
  `pn${createHash("sha256").update(`${layoutBridge}/${networkId}`).digest("hex").slice(0, 12)}`;

/** Ports of the host's services for instances, at the gateway's address. */
export const servicePorts = { dns: 53, mirror: 8443, registry: 5000 } as const;

/** Address of the metadata service. It also answers at the gateway's address, the DHCP server's on Exoscale. */
export const metadataAddress = "169.254.169.254";
