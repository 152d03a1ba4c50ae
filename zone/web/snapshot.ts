import type { Zone } from "../api/zone.ts";

/**
 * Everything the page shows, by section: the zone, and each family under its table's name. A section is sent again when
 * something in it has changed. Families name each field they show one by one: user-data, passwords, keys and operations'
 * arguments are secret and stay out.
 */
export const snapshotOf = (zone: Zone): Readonly<Record<string, unknown>> => ({
  zone: { name: zone.name, url: zone.url },
  ...Object.fromEntries(
    zone.families.flatMap(({ table, page }) =>
      table === undefined || page === undefined ? [] : [[table, page(zone)]],
    ),
  ),
});
