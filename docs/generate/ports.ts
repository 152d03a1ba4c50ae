import { openings, ownPorts } from "../../ports.ts";

/** docs/ports.md: every opening in the nodes' security groups, and the ports that no pod gets. */
export function portsPage(): string {
  const rows = openings.map(
    ({ on, from, protocol, first, last, listener, why }) =>
      `| ${on} | ${first === last ? first : `${first}-${last}`}/${protocol} | ${from} | ${listener} | ${why} |`,
  );
  return [
    "# Ports",
    "",
    "Every opening in the nodes' security groups, generated from `ports.ts`; all other incoming traffic is dropped. `…Sources` are",
    "settings that list CIDRs; `masters` and `workers` are the nodes themselves.",
    "",
    "| on | port | from | listener | why |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    "## Ports of the nodes' own",
    "",
    "No pod gets these, neither as `hostPort` nor, with `hostNetwork: true`, as `containerPort`: it stays Pending, or fails with",
    "`NodePorts` where it names its node. No Service may have one together with `externalIPs`.",
    "",
    "Pods cannot connect to one either, on any node, but for what the last column names: each node's firewall refuses what pods",
    "send, and what arrives through their overlay network.",
    "",
    "| on | port | listener | pods may connect, because |",
    "|---|---|---|---|",
    ...ownRows(),
    "",
  ].join("\n");
}

function ownRows(): string[] {
  return (["masters", "workers"] as const).flatMap((group) =>
    ownPorts[group].map(
      ({ port, protocol, listener, pods = "" }) => `| ${group} | ${port}/${protocol} | ${listener} | ${pods} |`,
    ),
  );
}
