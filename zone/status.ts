import type { Named, ZoneStatus } from "./admin-client.ts";
import type { Zone } from "./api/zone.ts";
import type { ZoneOptions } from "./options.ts";

/** What the zone has at this moment, for people. */
export function statusOf(zone: Zone, options: ZoneOptions): ZoneStatus {
  const { state } = zone;
  const instances = [...state.instances.values()];
  return {
    name: zone.name,
    url: zone.url,
    pid: process.pid,
    options,
    instances: instances.map((instance) => ({
      id: instance.id,
      name: instance.name,
      state: instance.state,
      type: instance.type,
      address: instance.address,
      securityGroups: instance.securityGroups.flatMap((id) => state.securityGroups.get(id)?.name ?? []),
      elasticIps: instance.elasticIps.flatMap((id) => state.elasticIps.get(id)?.address ?? []),
      createdAt: instance.createdAt,
    })),
    elasticIps: [...state.elasticIps.values()].map(({ id, address, description, healthcheck }) => ({
      id,
      address,
      description,
      healthcheck: healthcheck && `${healthcheck.mode}:${healthcheck.port}${healthcheck.uri ?? ""}`,
      holders: instances.filter(({ elasticIps }) => elasticIps.includes(id)).map(({ name }) => name),
    })),
    privateNetworks: [...state.privateNetworks.values()].map(({ id, name, range }) => ({
      id,
      name,
      range: range && `${range.start}-${range.end}`,
      members: instances.flatMap(({ name: instance, privateNetworks }) =>
        privateNetworks.filter(({ network }) => network === id).map(({ ip }) => ({ instance, ip })),
      ),
    })),
    templates: named(state.templates),
    sshKeys: [...state.sshKeys.values()].map(({ id }) => ({ name: id })),
    securityGroups: named(state.securityGroups),
    antiAffinityGroups: named(state.antiAffinityGroups),
    pendingOperations: [...state.operations.values()].filter((operation) => operation.state === "pending").length,
    apiCalls: zone.apiCalls,
  };
}

const named = (records: ReadonlyMap<string, Named>): Named[] =>
  [...records.values()].map(({ id, name }) => ({ id, name }));
