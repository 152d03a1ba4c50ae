import type {
  AntiAffinityGroupRecord, ElasticIpRecord, InstanceRecord, SecurityGroupRecord, TemplateRecord,
} from "../../records.ts";
import { typeById, type InstanceType } from "../catalog.ts";
import { conflict, forbidden, notFound } from "../errors.ts";
import type { Zone } from "../zone.ts";

/** Looks a thing up by its id; each throws ApiError 404 that names it. */
export const findInstance = (zone: Zone, id: string): InstanceRecord => found(zone.state.instances, id, "Instance");
export const findSecurityGroup = (zone: Zone, id: string): SecurityGroupRecord =>
  found(zone.state.securityGroups, id, "Security Group");
export const findElasticIp = (zone: Zone, id: string): ElasticIpRecord => found(zone.state.elasticIps, id, "Elastic IP");
export const findTemplate = (zone: Zone, id: string): TemplateRecord => found(zone.state.templates, id, "Template");
export const findAntiAffinityGroup = (zone: Zone, id: string): AntiAffinityGroupRecord =>
  found(zone.state.antiAffinityGroups, id, "Anti-affinity Group");

function found<T>(table: ReadonlyMap<string, T>, id: string, what: string): T {
  const record = table.get(id);
  if (record === undefined) throw notFound(`${what} ${id} not found`);
  return record;
}

/** @throws ApiError 404 for an unknown type, 403 for one that this organization may not use. */
export function authorizedType(id: string): InstanceType {
  const type = typeById(id);
  if (type === undefined) throw notFound(`Instance Type ${id} not found`);
  if (!type.authorized) throw forbidden(`Instance Type ${type.family}.${type.size} is not authorized for this organization`);
  return type;
}

/** Throws ApiError 409 if one of `records` has the name already. */
export function refuseTaken(records: Iterable<{ readonly name: string }>, name: string, message: string): void {
  for (const record of records) if (record.name === name) throw conflict(message);
}

/** Throws ApiError 403 if one more would exceed the quota. */
export function refuseOverQuota(zone: Zone, resource: string, usage: number): void {
  const limit = zone.settings.quotas[resource];
  if (limit !== undefined && usage >= limit) {
    throw forbidden(`Quota exceeded for ${resource}: ${usage} of ${limit} in use`);
  }
}

export const membersOf = (zone: Zone, antiAffinityGroup: string): InstanceRecord[] =>
  [...zone.state.instances.values()].filter(({ antiAffinityGroups }) => antiAffinityGroups.includes(antiAffinityGroup));
