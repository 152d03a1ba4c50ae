/**
 * The zone's packet filter as one text for `nft -f`: two tables named after the bridge, replaced whole in one
 * transaction, so that no packet ever meets half a change. Connections outlive it: conntrack is not part of a table.
 *
 * Frames between instances stay on the bridge; br_netfilter shows them to the hooks of family inet. What the host
 * sends passes the output hook instead. Families are split by what the kernel can do: only `bridge` sees ARP, only `inet`
 * knows connections.
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

/** Renders both tables, and before them the removal of what stood there. */
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
 * Renders what stands in the tables' place until there are rules: no instance is heard by anybody, and none is sent
 * anything. The bridge may not be there yet, so its frames are known by their senders.
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

/** Renders the removal of both tables, there or not. */
export const renderRemoval = (bridge: string): string => [...removal(bridge), ""].join("\n");

// A table is declared before it is deleted: deleting one that is not there would fail.
const removal = (bridge: string): string[] =>
  ["bridge", "inet"].flatMap((family) => [`table ${family} ${bridge}`, `delete table ${family} ${bridge}`]);

const renderStations = (inventory: Inventory): string[] =>
  set(
    "stations",
    "ether_addr",
    addressed(inventory).map(({ mac }) => mac),
  );

/** MAC and IPv4 address of each instance; a plain elastic IP is its holders' own as well. */
function sendersOf(inventory: Inventory): string[] {
  const own = addressed(inventory).map(({ mac, address }) => `${mac} . ${address}`);
  const plain = [...inventory.elasticIps.values()]
    .filter(({ healthcheck }) => healthcheck === undefined)
    .flatMap((elasticIp) => holdersOf(inventory, elasticIp).map(({ mac }) => `${mac} . ${elasticIp.address}`));
  return [...own, ...plain];
}

/**
 * No spoofing in ARP: nobody on the bridge claims an address of the zone's network, the host's among them, but its
 * owner. The network stands for the bridge, which only `meta ibrname` would name, and not every kernel has that.
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

function renderFilter({ layout: { bridge, gateway }, metadataPort }: RulesetOptions): string[] {
  const { dns, mirror, registry } = servicePorts;
  return [
    "chain forward {",
    "  type filter hook forward priority filter - 10; policy accept;",
    `  iifname != "${bridge}" oifname != "${bridge}" accept`,
    "  ct state established,related accept",
    `  iifname != "${bridge}" goto delivery`,
    "  ip saddr vmap @egress",
    "  drop",
    "}",
    "# The sender's groups have agreed; now the receiver's.",
    "chain delivery {",
    `  oifname != "${bridge}" accept`,
    "  ip daddr vmap @ingress",
    "  drop",
    "}",
    "# What the host sends, health checks among it, is filtered by its source address like anybody's.",
    "chain output {",
    "  type filter hook output priority filter - 10; policy accept;",
    "  ct state established,related accept",
    "  ip daddr vmap @ingress",
    "}",
    "# Of the host an instance sees what the zone offers, whatever its groups say, and nothing else.",
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
 * Managed elastic IPs: holders see the traffic with their own address as its destination. A holder does not get
 * through to an elastic IP of its own, as on Exoscale.
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
