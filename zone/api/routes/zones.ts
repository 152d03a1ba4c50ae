import { INSTANCE_TYPES, typeById, type InstanceType } from "../catalog.ts";
import { notFound } from "../errors.ts";
import { eventsBetween, viewEvent } from "../events.ts";
import type { Family, Zone } from "../zone.ts";

/** Real answers carry an id, which the document does not name. */
const ZONE_ID = "b1d2c9b6-6a3b-4a5e-9a3d-4a0f5c6b7d81";

/** Zones, instance types, quotas, events: what is there before anything is made. */
export const zones: Family = {
  handlers: {
    "list-zones": (zone) => ({
      zones: [
        { id: ZONE_ID, name: zone.name, "api-endpoint": zone.url, "sos-endpoint": `https://sos-${zone.name}.invalid` },
      ],
    }),

    "list-instance-types": (zone) => ({ "instance-types": INSTANCE_TYPES.map((type) => viewType(zone, type)) }),

    "get-instance-type": (zone, { params }) => {
      const type = typeById(params.id);
      if (type === undefined) throw notFound(`Instance Type ${params.id} not found`);
      return viewType(zone, type);
    },

    "list-quotas": (zone) => ({
      quotas: Object.keys(zone.settings.quotas).map((resource) => viewQuota(zone, resource)),
    }),

    "get-quota": (zone, { params }) => {
      const resource = params.entity!;
      if (!(resource in zone.settings.quotas)) throw notFound(`Quota ${resource} not found`);
      return viewQuota(zone, resource);
    },

    "list-events": (zone, { query }) =>
      eventsBetween(
        zone.state,
        query.from === undefined ? undefined : Date.parse(query.from),
        query.to === undefined ? undefined : Date.parse(query.to),
      ).map((event) => viewEvent(event, zone.name)),
  },
};

export const viewType = (zone: Zone, type: InstanceType): object => ({ ...type, zones: [zone.name] });

function viewQuota({ state, settings }: Zone, resource: string): object {
  const usage: Record<string, number> = {
    instance: state.instances.size,
    "elastic-ip": state.elasticIps.size,
    "security-group": state.securityGroups.size,
    "anti-affinity-group": state.antiAffinityGroups.size,
    "ssh-key": state.sshKeys.size,
    template: state.templates.size,
    "private-network": state.privateNetworks.size,
  };
  return { resource, usage: usage[resource] ?? 0, limit: settings.quotas[resource] };
}
