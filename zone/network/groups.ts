/** Security groups as nftables sets and chains. */
import { parseNetwork, toText } from "../ipv4.ts";
import { healthCheckSources, type Rule, type SecurityGroup, type Inventory } from "../types.ts";
import { addressed, holdersOf } from "./elastic.ts";
import type { Layout } from "./layout.ts";
import { set } from "./set.ts";

type Direction = Rule["direction"];

/**
 * Renders a set of member addresses and two chains per group, two chains per combination of groups that an instance is
 * in, and maps from an address to its chains. So a new member costs one element, and a packet passes only the rules of
 * its own instance's groups.
 *
 * As on Exoscale, an instance receives what a rule of any of its groups admits. It may send anything unless one of its
 * groups has egress rules, and then what any of these admits.
 */
export function renderGroups(inventory: Inventory, layout: Layout): string[] {
  const groups = [...inventory.securityGroups.values()];
  const combinations = new Map<string, Combination>();
  const chainOf = (ids: readonly string[]): string => {
    const members = groups.filter(({ id }) => ids.includes(id));
    const key = members.map(({ id }) => id).join();
    const known = combinations.get(key) ?? { name: `${combinations.size}`, groups: members };
    combinations.set(key, known);
    return known.name;
  };
  const chains = new Map(addressed(inventory).map(({ address, securityGroups }) => [address, chainOf(securityGroups)]));
  for (const elasticIp of inventory.elasticIps.values()) {
    // A plain elastic IP is configured on its holders' interfaces.
    const holders = elasticIp.healthcheck === undefined ? holdersOf(inventory, elasticIp) : [];
    if (holders.length > 0)
      chains.set(elasticIp.address, chainOf(holders.flatMap(({ securityGroups }) => securityGroups)));
  }
  const verdicts = (direction: Direction): string[] =>
    [...chains].map(([address, chain]) => `${address} : goto ${direction}-${chain}`);
  return [
    ...renderMembers(inventory, layout),
    ...groups.flatMap((group) => [
      ...renderGroup(inventory, group, "ingress"),
      ...renderGroup(inventory, group, "egress"),
    ]),
    ...[...combinations.values()].flatMap(renderCombination),
    ...set("egress", "ipv4_addr : verdict", verdicts("egress"), { kind: "map" }),
    ...set("ingress", "ipv4_addr : verdict", verdicts("ingress"), { kind: "map" }),
  ];
}

interface Combination {
  readonly name: string;
  readonly groups: readonly SecurityGroup[];
}

const membersSet = (group: string): string => `members-${group}`;
const groupChain = (group: SecurityGroup, direction: Direction): string => `group-${group.id}-${direction}`;

function renderMembers(inventory: Inventory, { healthCheckSource }: Layout): string[] {
  const members = new Map<string, string[]>();
  for (const { id, externalSources = [] } of inventory.securityGroups.values()) {
    members.set(
      id,
      externalSources.flatMap((source) => toNetwork(source) ?? []),
    );
  }
  for (const { address, securityGroups } of addressed(inventory)) {
    for (const group of securityGroups) members.get(group)?.push(address);
  }
  members.set(healthCheckSources.id, [healthCheckSource]);
  return [...members].flatMap(([group, addresses]) => {
    const ranges = addresses.some((address) => address.includes("/"));
    return set(membersSet(group), "ipv4_addr", addresses, ranges ? { flags: "interval" } : {});
  });
}

function renderGroup(inventory: Inventory, group: SecurityGroup, direction: Direction): string[] {
  const rules = rulesOf(group, direction).flatMap((rule) => renderRule(inventory, rule));
  return [
    `chain ${groupChain(group, direction)} {`,
    `  comment "${comment(group.name)}"`,
    ...rules.map((rule) => `  ${rule}`),
    "}",
  ];
}

function renderCombination({ name, groups }: Combination): string[] {
  const restricted = groups.some((group) => rulesOf(group, "egress").length > 0);
  const jumps = (direction: Direction): string[] => groups.map((group) => `  jump ${groupChain(group, direction)}`);
  return [
    `chain ingress-${name} {`,
    ...jumps("ingress"),
    "  drop",
    "}",
    `chain egress-${name} {`,
    ...(restricted ? [...jumps("egress"), "  drop"] : ["  goto delivery"]),
    "}",
  ];
}

const rulesOf = (group: SecurityGroup, direction: Direction): Rule[] =>
  group.rules.filter((rule) => rule.direction === direction);

/** Empty for a rule that no IPv4 packet can match: IPv6, or a peer that no longer exists. */
function renderRule(inventory: Inventory, rule: Rule): string[] {
  const peer = renderPeer(inventory, rule);
  const traffic = renderTraffic(rule);
  if (peer === undefined || traffic === undefined) return [];
  const verdict = rule.direction === "ingress" ? "accept" : "goto delivery";
  return [[peer, traffic, verdict, `comment "${comment(rule.id)}"`].filter((part) => part !== "").join(" ")];
}

function renderPeer(inventory: Inventory, { direction, network, securityGroup }: Rule): string | undefined {
  const address = direction === "ingress" ? "ip saddr" : "ip daddr";
  if (securityGroup !== undefined) {
    const known = inventory.securityGroups.has(securityGroup) || securityGroup === healthCheckSources.id;
    return known ? `${address} @${membersSet(securityGroup)}` : undefined;
  }
  const text = network === undefined ? undefined : toNetwork(network);
  if (text === undefined) return undefined;
  return text.endsWith("/0") ? "" : `${address} ${text}`;
}

/** Numbers, because nft looks names up in the host's /etc/protocols, which may be missing. */
const protocolNumbers = { esp: 50, ah: 51, gre: 47, ipip: 4 } as const;

function renderTraffic({ protocol, startPort, endPort, icmp }: Rule): string | undefined {
  switch (protocol) {
    case "tcp":
    case "udp":
      if (startPort === undefined) return `meta l4proto ${protocol}`;
      return `${protocol} dport ${endPort === undefined || endPort === startPort ? startPort : `${startPort}-${endPort}`}`;
    case "icmp": {
      // -1 means any.
      const type = icmp === undefined || icmp.type < 0 ? "" : `icmp type ${icmp.type}`;
      const code = icmp === undefined || icmp.code < 0 ? "" : `icmp code ${icmp.code}`;
      return [type, code].filter((part) => part !== "").join(" ") || "meta l4proto icmp";
    }
    case "esp":
    case "ah":
    case "gre":
    case "ipip":
      return `meta l4proto ${protocolNumbers[protocol]}`;
    case "icmpv6":
      return undefined;
    default:
      return protocol satisfies never;
  }
}

/** An IPv4 network without host bits; undefined for IPv6. */
function toNetwork(cidr: string): string | undefined {
  const network = parseNetwork(cidr);
  return network && `${toText(network.base)}/${network.prefix}`;
}

/** A comment shown by `nft list`: without quotes, and below nftables's limit of 128 characters. */
const comment = (text: string): string => text.replace(/[^\w .:/@-]/g, "_").slice(0, 100);
