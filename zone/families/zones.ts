import { notFound } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { query } from "../api/route.ts";
import type { Schema } from "../api/schema.ts";
import type { Zone } from "../api/zone.ts";
import { INSTANCE_TYPES, isAuthorized, typeById, type InstanceType } from "./instance-types.ts";

/** Real answers carry an id, which the document does not name. */
const ZONE_ID = "b1d2c9b6-6a3b-4a5e-9a3d-4a0f5c6b7d81";

/** What exists before anything is created: the zone, instance types, quotas. */
export const zones: Family = {
  tags: ["zone", "instance-type", "quotas"],
  routes: [
    query("list-zones", (zone) => ({
      zones: [
        { id: ZONE_ID, name: zone.name, "api-endpoint": zone.url, "sos-endpoint": `https://sos-${zone.name}.invalid` },
      ],
    })),

    query("list-instance-types", (zone) => ({ "instance-types": INSTANCE_TYPES.map((type) => viewType(zone, type)) })),

    query("get-instance-type", (zone, { params }) => {
      const type = typeById(params.id);
      if (type === undefined) throw notFound(`Instance Type ${params.id} not found`);
      return viewType(zone, type);
    }),

    query("list-quotas", (zone) => ({
      quotas: Object.keys(zone.settings.quotas).map((resource) => viewQuota(zone, resource)),
    })),

    query("get-quota", (zone, { params: { entity } }) => {
      if (!(entity in zone.settings.quotas)) throw notFound(`Quota ${entity} not found`);
      return viewQuota(zone, entity);
    }),
  ],
};

export const viewType = (zone: Zone, type: InstanceType): Schema<"instance-type"> => ({
  ...type,
  authorized: isAuthorized(zone, type),
  zones: [zone.name],
});

function viewQuota({ state, settings, families }: Zone, resource: string): Schema<"quota"> {
  const table = families.find(({ type }) => type === resource)?.table;
  return { resource, usage: table === undefined ? 0 : state[table].size, limit: settings.quotas[resource] };
}
