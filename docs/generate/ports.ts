import { openings } from "../../ports.ts";

/** docs/ports.md: every opening in the nodes' security groups. */
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
  ].join("\n");
}
