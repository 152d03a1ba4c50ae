/** The host's rules for private networks: each is a wire of its own, which the host neither filters nor is on. */
import type { Inventory } from "../types.ts";
import { privateBridge, type Layout } from "./layout.ts";
import { set } from "./set.ts";

/**
 * br_netfilter shows private networks' frames to these hooks where the host has it on for all bridges. They pass
 * untracked: two networks may use the same addresses, which are one connection to conntrack, and other tables' NAT
 * has no business with them.
 */
export function renderWires(inventory: Inventory, { bridge }: Layout): string[] {
  const bridges = [...inventory.privateNetworks.keys()].map((id) => privateBridge(bridge, id));
  return [
    ...set("private", "ifname", bridges.map(quoted)),
    ...set(
      "wires",
      "ifname . ifname",
      bridges.map((name) => `${quoted(name)} . ${quoted(name)}`),
    ),
    "chain wires-prerouting {",
    "  type filter hook prerouting priority raw; policy accept;",
    "  iifname @private notrack",
    "}",
    "chain wires-forward {",
    "  type filter hook forward priority filter - 11; policy accept;",
    "  iifname . oifname @wires accept",
    "  iifname @private drop",
    "  oifname @private drop",
    "}",
    "chain wires-input {",
    "  type filter hook input priority filter - 11; policy accept;",
    "  iifname @private drop",
    "}",
    "chain wires-output {",
    "  type filter hook output priority filter - 11; policy accept;",
    "  oifname @private drop",
    "}",
  ];
}

const quoted = (name: string): string => `"${name}"`;
