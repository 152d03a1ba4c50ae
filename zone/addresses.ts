import { type Network, networkOf, parseNetwork, toNumber, toText } from "./ipv4.ts";
import type { AddressRange } from "./types.ts";

/** Addresses of one subnet: the first 256 belong to the host, the last 256 are elastic IPs, the rest is for instances. */
export interface Addresses {
  /** e.g. `198.18.0.1`. */
  readonly gateway: string;
  /** The next free address for an instance; throws if there is none left. */
  instance(taken: ReadonlySet<string>): string;
  /** The next free address for an elastic IP; throws if there is none left. */
  elasticIp(taken: ReadonlySet<string>): string;
}

const RESERVED = 256;

/**
 * Pools of addresses in `subnet`. Each pool is walked round and round, so a freed address is reused as late
 * as possible.
 *
 * @throws Error if `subnet` is not an IPv4 network of at least a /22.
 */
export function addressesIn(subnet: string): Addresses {
  const { base, size } = parseSubnet(subnet);
  return {
    gateway: toText(base + 1),
    instance: pool(base + RESERVED, base + size - RESERVED, "instances", subnet),
    elasticIp: pool(base + size - RESERVED, base + size, "elastic IPs", subnet),
  };
}

/** A locally administered MAC address whose last four bytes are the IPv4 address. */
export function macOf(address: string): string {
  const octets = address.split(".").map(Number);
  return ["06", "00", ...octets.map((octet) => octet.toString(16).padStart(2, "0"))].join(":");
}

/**
 * Where health checks of elastic IPs come from: the address after the gateway's, which the public security group
 * `public-nlb-healthcheck-sources` stands for. It is not the host's own, so a rule that admits the host does not admit
 * health checks.
 */
export const healthCheckSourceOf = (gateway: string): string => toText(toNumber(gateway) + 1);

/** Where a private network's DHCP server answers: the network's last address for a host, which Exoscale reserves for it too. */
export function dhcpServerAddress({ start, netmask }: AddressRange): string {
  const { base, size } = networkOf(start, netmask);
  return toText(base + size - 2);
}

function pool(from: number, to: number, what: string, subnet: string): (taken: ReadonlySet<string>) => string {
  let next: number | undefined;
  return (taken) => {
    next ??= afterHighest(taken, from, to);
    for (let tried = from; tried < to; tried++) {
      const candidate: number = next;
      next = candidate + 1 < to ? candidate + 1 : from;
      const last = candidate % 256;
      // .0 and .255 are good addresses here, but look like a network's own.
      if (last !== 0 && last !== 255 && !taken.has(toText(candidate))) return toText(candidate);
    }
    throw new Error(`no address left for ${what} in ${subnet}`);
  };
}

function afterHighest(taken: ReadonlySet<string>, from: number, to: number): number {
  const inside = [...taken].map(toNumber).filter((address) => address >= from && address < to);
  const next = Math.max(from - 1, ...inside) + 1;
  return next < to ? next : from;
}

function parseSubnet(subnet: string): Network {
  const network = parseNetwork(subnet);
  if (network === undefined) throw new Error(`${subnet} is not an IPv4 network: give one like 198.18.0.0/16`);
  if (network.prefix > 22)
    throw new Error(`${subnet} is too small for a zone: give a /22 or larger, like 198.18.0.0/16`);
  return network;
}
