import type {
  AntiAffinityGroupRecord,
  ElasticIpRecord,
  InstanceRecord,
  PrivateNetworkRecord,
  SecurityGroupRecord,
  TemplateRecord,
} from "../../records.ts";
import { typeById, type InstanceType } from "../catalog.ts";
import { badRequest, conflict, forbidden, notFound } from "../errors.ts";
import type { Zone } from "../zone.ts";

/** An id of the path, or of a body, where the document does not insist on it. */
type Id = string | undefined;

/** Looks a thing up by its id; each throws ApiError 404 that names it, 400 without an id. */
export const findInstance = (zone: Zone, id: Id): InstanceRecord => found(zone.state.instances, id, "Instance");
export const findSecurityGroup = (zone: Zone, id: Id): SecurityGroupRecord =>
  found(zone.state.securityGroups, id, "Security Group");
export const findElasticIp = (zone: Zone, id: Id): ElasticIpRecord => found(zone.state.elasticIps, id, "Elastic IP");
export const findTemplate = (zone: Zone, id: Id): TemplateRecord => found(zone.state.templates, id, "Template");
export const findAntiAffinityGroup = (zone: Zone, id: Id): AntiAffinityGroupRecord =>
  found(zone.state.antiAffinityGroups, id, "Anti-affinity Group");
export const findPrivateNetwork = (zone: Zone, id: Id): PrivateNetworkRecord =>
  found(zone.state.privateNetworks, id, "Private Network");

function found<T>(table: ReadonlyMap<string, T>, id: Id, what: string): T {
  if (id === undefined) throw badRequest(`Invalid request: the id of the ${what} is missing`);
  const record = table.get(id);
  if (record === undefined) throw notFound(`${what} ${id} not found`);
  return record;
}

/** An instance to change; throws ApiError 409, too, while it is being destroyed. */
export function findLiving(zone: Zone, id: Id): InstanceRecord {
  const instance = findInstance(zone, id);
  if (instance.state === "destroying") throw conflict(`Instance ${instance.id} is being destroyed`);
  return instance;
}

/** @throws ApiError 404 for an unknown type, 403 for one that this organization may not use. */
export function authorizedType(id: Id): InstanceType {
  if (id === undefined) throw badRequest("Invalid request: the id of the Instance Type is missing");
  const type = typeById(id);
  if (type === undefined) throw notFound(`Instance Type ${id} not found`);
  if (!type.authorized)
    throw forbidden(`Instance Type ${type.family}.${type.size} is not authorized for this organization`);
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
