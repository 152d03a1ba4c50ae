/** Rules for private networks: each is isolated, and the host neither filters its traffic nor takes part in it. */
import type { Inventory } from "../types.ts";
import { privateBridge, type Layout } from "./layout.ts";
import { set } from "./set.ts";

/**
 * If the host has br_netfilter on for all bridges, frames of private networks pass these hooks. They are not tracked:
 * two networks may use the same addresses, which conntrack would take for one connection, and NAT of other tables must
 * not apply.
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
