/** IPv4 arithmetic. */
import ipaddr from "ipaddr.js";

export interface Network {
  /** The first address, as a number. */
  readonly base: number;
  /** Number of addresses. */
  readonly size: number;
  readonly prefix: number;
}

/** @param address as a dotted quad */
export const toNumber = (address: string): number =>
  ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0);

export const toText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");

/** @returns undefined unless `cidr` is an IPv4 address with a prefix length; the address may have host bits */
export function parseNetwork(cidr: string): Network | undefined {
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return undefined;
  const prefix = ipaddr.IPv4.parseCIDR(cidr)[1];
  return { base: toNumber(ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()), size: 2 ** (32 - prefix), prefix };
}

/** @returns the prefix length of a netmask like `255.255.255.0`, undefined if the address is not a netmask */
export const prefixOf = (netmask: string): number | undefined =>
  ipaddr.IPv4.parse(netmask).prefixLengthFromSubnetMask() ?? undefined;

/**
 * The network of an address and a netmask.
 *
 * @throws Error if `netmask` is none
 */
export function networkOf(address: string, netmask: string): Network {
  const network = parseNetwork(`${address}/${prefixOf(netmask)}`);
  if (network === undefined) throw new Error(`${address} and ${netmask} are no IPv4 network`);
  return network;
}

/** True if the address lies in the network and is neither its first nor its last (broadcast) one. */
export function isHostIn({ base, size }: Network, address: string): boolean {
  const host = toNumber(address) - base;
  return host > 0 && host < size - 1;
}
