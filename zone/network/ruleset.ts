/**
 * The zone's packet filter as input for `nft -f`: two tables named after the bridge, replaced in one transaction, so that
 * a packet is filtered either by the old or by the new rules. Connections survive, since conntrack is not part of a table.
 *
 * Frames between instances stay on the bridge; br_netfilter passes them to the hooks of the family inet. Packets of the
 * host itself pass the output hook instead. There are two families because only `bridge` sees ARP, and only `inet` tracks
 * connections.
 */
import { metadataAddress, servicePorts, type Layout } from "./layout.ts";
import { addressed, holdersOf } from "./elastic.ts";
import { renderGroups } from "./groups.ts";
import { set } from "./set.ts";
import { renderWires } from "./wires.ts";
import type { Inventory } from "../types.ts";

export interface RulesetOptions {
  readonly layout: Layout;
  /** Port of the metadata service at the gateway's address; instances reach it at port 80. */
  readonly metadataPort: number;
  /** From `targetsOf`. */
  readonly targets: Map<string, string[]>;
}

/** Renders both tables, preceded by the removal of the current ones. */
export function renderRuleset(inventory: Inventory, options: RulesetOptions): string {
  const { bridge } = options.layout;
  return [
    ...removal(bridge),
    `table bridge ${bridge} {`,
    ...indent(renderArp(inventory, options.layout)),
    "}",
    `table inet ${bridge} {`,
    ...indent([
      ...renderWires(inventory, options.layout),
      ...renderSenders(inventory, options.layout),
      ...renderGroups(inventory, options.layout),
      ...renderFilter(options),
      ...renderElastic(inventory, options),
      ...renderNat(options),
    ]),
    "}",
    "",
  ].join("\n");
}

/**
 * Renders tables that are in force until there are rules: instances can neither send nor receive anything. The bridge may
 * not exist yet, so its frames are identified by their senders' MAC addresses.
 */
export function renderLock(inventory: Inventory, layout: Layout): string {
  const { bridge } = layout;
  return [
    ...removal(bridge),
    `table bridge ${bridge} {`,
    ...indent([
      ...renderStations(inventory),
      "chain prerouting {",
      "  type filter hook prerouting priority dstnat; policy accept;",
      "  ether saddr @stations drop",
      "}",
    ]),
    "}",
    `table inet ${bridge} {`,
    ...indent([
      ...renderWires(inventory, layout),
      ...["output", "forward"].flatMap((hook) => [
        `chain ${hook} {`,
        `  type filter hook ${hook} priority filter - 10; policy accept;`,
        `  oifname "${bridge}" drop`,
        "}",
      ]),
    ]),
    "}",
    "",
  ].join("\n");
}

/** Renders the removal of both tables, whether they exist or not. */
export const renderRemoval = (bridge: string): string => [...removal(bridge), ""].join("\n");

// A table is declared before it is deleted, because deleting a missing one fails.
const removal = (bridge: string): string[] =>
  ["bridge", "inet"].flatMap((family) => [`table ${family} ${bridge}`, `delete table ${family} ${bridge}`]);

const renderStations = (inventory: Inventory): string[] =>
  set(
    "stations",
    "ether_addr",
    addressed(inventory).map(({ mac }) => mac),
  );

/** MAC and IPv4 address of each instance, including plain elastic IPs, which holders use as their own. */
function sendersOf(inventory: Inventory): string[] {
  const own = addressed(inventory).map(({ mac, address }) => `${mac} . ${address}`);
  const plain = [...inventory.elasticIps.values()]
    .filter(({ healthcheck }) => healthcheck === undefined)
    .flatMap((elasticIp) => holdersOf(inventory, elasticIp).map(({ mac }) => `${mac} . ${elasticIp.address}`));
  return [...own, ...plain];
}

/**
 * No spoofing in ARP: an address of the zone's network, also the host's, can only be claimed by its owner. Frames are
 * matched by the zone's network instead of the bridge, because not every kernel supports `meta ibrname`.
 */
function renderArp(inventory: Inventory, { subnet }: Layout): string[] {
  return [
    ...set("senders", "ether_addr . ipv4_addr", sendersOf(inventory)),
    ...renderStations(inventory),
    "chain prerouting {",
    "  type filter hook prerouting priority dstnat; policy accept;",
    "  ether saddr @stations ether type != { ip, arp } drop",
    `  ether type arp arp saddr ip ${subnet} goto claims`,
    "}",
    "chain claims {",
    "  ether saddr . arp saddr ip @senders arp saddr ether . arp saddr ip @senders accept",
    "  drop",
    "}",
  ];
}

/** No spoofing in IPv4, no IPv6, no broadcasts. */
function renderSenders(inventory: Inventory, { bridge }: Layout): string[] {
  return [
    ...set("senders", "ether_addr . ipv4_addr", sendersOf(inventory)),
    "chain senders {",
    "  type filter hook prerouting priority raw; policy accept;",
    `  iifname != "${bridge}" accept`,
    "  meta pkttype { broadcast, multicast } drop",
    "  ether saddr . ip saddr @senders accept",
    "  drop",
    "}",
  ];
}

function renderFilter({ layout: { bridge, subnet, gateway }, metadataPort }: RulesetOptions): string[] {
  const { dns, mirror, registry } = servicePorts;
  return [
    "chain forward {",
    "  type filter hook forward priority filter - 10; policy accept;",
    `  iifname != "${bridge}" oifname != "${bridge}" accept`,
    `  iifname != "${bridge}" ip saddr ${subnet} drop comment "claims an address of the zone"`,
    "  ct state established,related accept",
    `  iifname != "${bridge}" goto delivery`,
    "  ip saddr vmap @egress",
    "  drop",
    "}",
    "# The sender's groups admit the packet; now the receiver's decide.",
    "chain delivery {",
    `  oifname != "${bridge}" accept`,
    "  ip daddr vmap @ingress",
    "  drop",
    "}",
    "# Packets of the host itself, including health checks, are filtered by their source address.",
    "chain output {",
    "  type filter hook output priority filter - 10; policy accept;",
    "  ct state established,related accept",
    "  ip daddr vmap @ingress",
    "}",
    "# On the host, instances reach only the zone's services, whatever their groups say.",
    "chain input {",
    "  type filter hook input priority filter - 10; policy accept;",
    '  ip daddr @elastic meta l4proto tcp reject with tcp reset comment "no healthy holder"',
    '  ip daddr @elastic reject with icmp port-unreachable comment "no healthy holder"',
    `  iifname != "${bridge}" accept`,
    "  ct state established,related accept",
    `  ip daddr ${gateway} tcp dport { ${[dns, metadataPort, registry, mirror].join(", ")} } accept`,
    `  ip daddr ${gateway} udp dport ${dns} accept`,
    `  ip daddr ${gateway} icmp type echo-request accept`,
    "  drop",
    "}",
  ];
}

/**
 * Managed elastic IPs: holders see their own address as the destination. As on Exoscale, a holder cannot reach its own
 * elastic IP.
 */
function renderElastic(inventory: Inventory, { targets }: RulesetOptions): string[] {
  const managed = [...inventory.elasticIps.values()].filter(({ healthcheck }) => healthcheck !== undefined);
  const holders = managed.flatMap((elasticIp) =>
    holdersOf(inventory, elasticIp).map(({ address }) => `${address} . ${elasticIp.address}`),
  );
  return [
    ...set(
      "elastic",
      "ipv4_addr",
      managed.map(({ address }) => address),
    ),
    ...set("holders", "ipv4_addr . ipv4_addr", holders),
    "chain balance {",
    "  ip saddr . ip daddr @holders return",
    ...[...targets]
      .filter(([, addresses]) => addresses.length > 0)
      .map(([elasticIp, addresses]) => {
        const choices = addresses.map((address, index) => `${index} : ${address}`).join(", ");
        return `  ip daddr ${elasticIp} dnat ip to numgen inc mod ${addresses.length} map { ${choices} }`;
      }),
    "}",
  ];
}

function renderNat({ layout: { bridge, subnet, gateway }, metadataPort }: RulesetOptions): string[] {
  return [
    "chain prerouting {",
    "  type nat hook prerouting priority dstnat; policy accept;",
    `  iifname "${bridge}" ip daddr { ${metadataAddress}, ${gateway} } tcp dport 80 dnat ip to ${gateway}:${metadataPort}`,
    "  jump balance",
    "}",
    "chain local {",
    "  type nat hook output priority -100; policy accept;",
    "  jump balance",
    "}",
    "chain postrouting {",
    "  type nat hook postrouting priority srcnat; policy accept;",
    `  ip saddr ${subnet} ip daddr != ${subnet} oifname != { "${bridge}", "lo" } masquerade`,
    "}",
  ];
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
