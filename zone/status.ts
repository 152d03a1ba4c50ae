import type { ZoneStatus } from "./admin-client.ts";
import type { Zone } from "./api/zone.ts";
import type { FamilyStatuses } from "./families/index.ts";
import type { ZoneOptions } from "./options.ts";

/** What the zone has at this moment, for people. */
export const statusOf = (zone: Zone, options: ZoneOptions): ZoneStatus => ({
  name: zone.name,
  url: zone.url,
  pid: process.pid,
  options,
  ...(Object.fromEntries(
    zone.families.flatMap(({ table, status }) =>
      table === undefined || status === undefined ? [] : [[table, status.of(zone)]],
    ),
  ) as FamilyStatuses),
  pendingOperations: [...zone.state.operations.values()].filter(({ state }) => state === "pending").length,
  apiCalls: zone.apiCalls,
});
