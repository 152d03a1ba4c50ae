import { join } from "node:path";

import { table } from "../../table.ts";
import { askDaemon, type ZoneStatus } from "../admin-client.ts";

/** Prints what the zone runs, as a table or as JSON; exit status 1 if it does not run. */
export async function status(state: string, json: boolean): Promise<void> {
  const zone = await askDaemon<ZoneStatus>(join(state, "admin.sock"), "GET", "/status");
  if (json) console.log(JSON.stringify(zone ?? { running: false }, undefined, 2));
  else if (zone === undefined) console.log(`No zone runs on ${state}: start one with bin/zone up.`);
  else await print(zone);
  if (zone === undefined) process.exitCode = 1;
}

async function print(zone: ZoneStatus): Promise<void> {
  const { FAMILIES } = await import("../families/index.ts");
  console.log(
    `Zone ${zone.name} at ${zone.url}, machines: ${zone.options.machines}, process ${zone.pid}, pending operations: ${zone.pendingOperations}`,
  );
  if (zone.instances.length === 0) console.log("No instances.");
  const statuses = new Map<string, unknown>(Object.entries(zone));
  for (const { table: name = "", status } of FAMILIES) {
    const records = statuses.get(name);
    if (status?.columns === undefined || !Array.isArray(records) || records.length === 0) continue;
    const rows = records.map((record) => status.row?.(record) ?? []);
    console.log(`\n${table(status.columns, rows)}`);
  }
}
