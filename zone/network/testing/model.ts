/** A model of security groups as Exoscale documents them: decides about a single packet, without nftables. */
import ipaddr from "ipaddr.js";
import { healthCheckSources, type Instance, type Rule, type SecurityGroup, type Inventory } from "../../types.ts";
import type { Traffic } from "./raw.ts";

export interface Packet {
  readonly traffic: Traffic;
  readonly from: string;
  readonly to: string;
}

/** True if the first packet of a connection passes. */
export function passes(inventory: Inventory, healthCheckSource: string, { traffic, from, to }: Packet): boolean {
  const instanceAt = (address: string): Instance | undefined =>
    [...inventory.instances.values()].find((one) => one.address === address);
  const groupsAt = (address: string): SecurityGroup[] =>
    [...inventory.securityGroups.values()].filter(({ id }) => instanceAt(address)?.securityGroups.includes(id));
  const isMember = (group: string, address: string): boolean =>
    group === healthCheckSources.id
      ? address === healthCheckSource
      : groupsAt(address).some(({ id }) => id === group) ||
        (inventory.securityGroups.get(group)?.externalSources ?? []).some((network) => isIn(address, network));
  const admits =
    (direction: Rule["direction"], peer: string) =>
    (rule: Rule): boolean =>
      rule.direction === direction &&
      isOf(rule, traffic) &&
      (rule.network !== undefined
        ? isIn(peer, rule.network)
        : rule.securityGroup !== undefined && isMember(rule.securityGroup, peer));
  const rulesOf = (address: string): Rule[] => groupsAt(address).flatMap(({ rules }) => rules);

  const egress = rulesOf(from).filter(({ direction }) => direction === "egress");
  if (egress.length > 0 && !egress.some(admits("egress", to))) return false;
  return instanceAt(to) === undefined || rulesOf(to).some(admits("ingress", from));
}

const isIn = (address: string, network: string): boolean => {
  const [range, prefix] = ipaddr.parseCIDR(network);
  return range.kind() === "ipv4" && ipaddr.IPv4.parse(address).match(range, prefix);
};

function isOf(rule: Rule, traffic: Traffic): boolean {
  if (rule.protocol !== traffic.protocol) return false;
  if ("port" in traffic)
    return (
      rule.startPort === undefined ||
      (traffic.port >= rule.startPort && traffic.port <= (rule.endPort ?? rule.startPort))
    );
  if ("type" in traffic)
    return (
      rule.icmp === undefined ||
      ([-1, traffic.type].includes(rule.icmp.type) && [-1, traffic.code].includes(rule.icmp.code))
    );
  return true;
}
