import { notFound } from "../errors.ts";
import type { Family } from "../zone.ts";

/** Snapshots can be looked for, and there are none: an instance's disk is not one thing that could be copied cheaply. */
export const snapshots: Family = {
  handlers: {
    "list-snapshots": () => ({ snapshots: [] }),
    "get-snapshot": (_zone, { params }) => {
      throw notFound(`Snapshot ${params.id} not found`);
    },
  },
};
