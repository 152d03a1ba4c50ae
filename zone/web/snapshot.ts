import type { Zone } from "../api/zone.ts";

/**
 * Everything the page shows, by section: the zone, and each family under its table's name. A changed section is sent
 * again as a whole. Families list every field that they show: user-data, passwords, keys and operations' arguments are
 * secret and stay out.
 */
export const snapshotOf = (zone: Zone): Readonly<Record<string, unknown>> => ({
  zone: { name: zone.name, url: zone.url },
  ...Object.fromEntries(
    zone.families.flatMap(({ table, page }) =>
      table === undefined || page === undefined ? [] : [[table, page(zone)]],
    ),
  ),
});
