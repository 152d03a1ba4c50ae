import { notFound } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { query } from "../api/route.ts";

/** Snapshots can be looked up, and there are none: the zone has no cheap way to copy an instance's disk. */
export const snapshots: Family = {
  tags: ["snapshot"],
  routes: [
    query("list-snapshots", () => ({ snapshots: [] })),
    query("get-snapshot", (_zone, { params }) => {
      throw notFound(`Snapshot ${params.id} not found`);
    }),
  ],
};
