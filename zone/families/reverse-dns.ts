import { notFound } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { query } from "../api/route.ts";
import type { Zone } from "../api/zone.ts";
import { elasticIpRecords } from "./elastic-ips.ts";
import { instanceRecords } from "./instances/record.ts";

/**
 * Reverse DNS, of which there are no records: Exoscale's tools ask for it whenever they show or delete an instance or an
 * elastic IP, and accept "not found".
 */
export const reverseDns: Family = {
  tags: ["reverse-dns"],
  routes: [
    query("get-reverse-dns-instance", (zone, { params: { id } }) => none(zone, instanceRecords, id)),
    query("delete-reverse-dns-instance", (zone, { params: { id } }) => none(zone, instanceRecords, id)),
    query("get-reverse-dns-elastic-ip", (zone, { params: { id } }) => none(zone, elasticIpRecords, id)),
    query("delete-reverse-dns-elastic-ip", (zone, { params: { id } }) => none(zone, elasticIpRecords, id)),
  ],
};

function none(zone: Zone, records: typeof instanceRecords | typeof elasticIpRecords, id: string): never {
  throw notFound(`Reverse DNS record of ${records.find(zone, id).id} not found`);
}
