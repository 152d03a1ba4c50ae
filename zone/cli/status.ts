import { join } from "node:path";
import Table from "cli-table3";

import { askDaemon, type ZoneStatus } from "../admin-client.ts";

/** Prints what the zone runs, as a table or as JSON; exit status 1 if it does not run. */
export async function status(state: string, json: boolean): Promise<void> {
  const zone = await askDaemon<ZoneStatus>(join(state, "admin.sock"), "GET", "/status");
  if (json) console.log(JSON.stringify(zone ?? { running: false }, undefined, 2));
  else if (zone === undefined) console.log(`No zone runs on ${state}: start one with bin/zone up.`);
  else print(zone);
  if (zone === undefined) process.exitCode = 1;
}

function print({ name, url, pid, options, instances, pendingOperations }: ZoneStatus): void {
  console.log(`Zone ${name} at ${url}, machines: ${options.machines}, process ${pid}, pending operations: ${pendingOperations}`);
  if (instances.length === 0) return console.log("No instances.");
  const table = new Table({
    head: ["NAME", "STATE", "TYPE", "ADDRESS", "ELASTIC IPS", "SECURITY GROUPS", "ID"],
    // Columns with space between and nothing else, as kubectl prints them.
    chars: {
      top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "",
      left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "  ",
    },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const instance of instances) {
    table.push([
      instance.name, instance.state, instance.type, instance.address ?? "-",
      instance.elasticIps.join(",") || "-", instance.securityGroups.join(",") || "-", instance.id,
    ]);
  }
  console.log(table.toString().replace(/ +$/gm, ""));
}
