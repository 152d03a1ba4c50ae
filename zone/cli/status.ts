import { join } from "node:path";

import { table } from "../../table.ts";
import { askDaemon, type ZoneStatus } from "../admin-client.ts";

/** Prints what the zone runs, as a table or as JSON; exit status 1 if it does not run. */
export async function status(state: string, json: boolean): Promise<void> {
  const zone = await askDaemon<ZoneStatus>(join(state, "admin.sock"), "GET", "/status");
  if (json) console.log(JSON.stringify(zone ?? { running: false }, undefined, 2));
  else if (zone === undefined) console.log(`No zone runs on ${state}: start one with bin/zone up.`);
  else print(zone);
  if (zone === undefined) process.exitCode = 1;
}

function print({
  name,
  url,
  pid,
  options,
  instances,
  elasticIps,
  privateNetworks,
  pendingOperations,
}: ZoneStatus): void {
  console.log(
    `Zone ${name} at ${url}, machines: ${options.machines}, process ${pid}, pending operations: ${pendingOperations}`,
  );
  if (instances.length === 0) console.log("No instances.");
  printTable(
    ["NAME", "STATE", "TYPE", "ADDRESS", "ELASTIC IPS", "SECURITY GROUPS", "ID"],
    instances.map((instance) => [
      instance.name,
      instance.state,
      instance.type,
      instance.address ?? "-",
      list(instance.elasticIps),
      list(instance.securityGroups),
      instance.id,
    ]),
  );
  printTable(
    ["ELASTIC IP", "HEALTH CHECK", "HOLDERS", "DESCRIPTION", "ID"],
    elasticIps.map((each) => [
      each.address,
      each.healthcheck ?? "-",
      list(each.holders),
      each.description ?? "-",
      each.id,
    ]),
  );
  printTable(
    ["PRIVATE NETWORK", "RANGE", "MEMBERS", "ID"],
    privateNetworks.map((each) => [
      each.name,
      each.range ?? "-",
      list(each.members.map(({ instance, ip }) => (ip === undefined ? instance : `${instance}=${ip}`))),
      each.id,
    ]),
  );
}

const list = (texts: readonly string[]): string => texts.join(",") || "-";

/** Nothing where there are no rows. */
function printTable(head: string[], rows: string[][]): void {
  if (rows.length > 0) console.log(`\n${table(head, rows)}`);
}
