import { randomUUID } from "node:crypto";

import { conflict } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { refuseTaken, Resource } from "../api/resource.ts";
import { applyNetwork, mutation, query } from "../api/route.ts";
import type { Schema } from "../api/schema.ts";
import type { Zone } from "../api/zone.ts";
import type { InstanceRecord } from "./instances/record.ts";
import { namesOf, type NamedStatus } from "./named.ts";

export interface AntiAffinityGroupRecord {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
}

declare module "../records.ts" {
  interface Records {
    antiAffinityGroups: AntiAffinityGroupRecord;
  }
}

export const antiAffinityRecords = new Resource("antiAffinityGroups", "anti-affinity-group", "Anti-affinity Group");

/** Instances that share no hypervisor. On one machine only the limit of members matters. */
export const antiAffinityGroups: Family<"antiAffinityGroups", NamedStatus> = {
  tags: ["anti-affinity-group"],
  table: "antiAffinityGroups",
  type: "anti-affinity-group",
  quota: 1000,
  label: ({ name }) => name,
  routes: [
    query("list-anti-affinity-groups", (zone) => ({
      "anti-affinity-groups": antiAffinityRecords.all(zone).map((group) => view(zone, group)),
    })),

    query("get-anti-affinity-group", (zone, { params }) => view(zone, antiAffinityRecords.find(zone, params.id))),

    mutation(
      "create-anti-affinity-group",
      (zone, { body }) => {
        refuseTaken(antiAffinityRecords.all(zone), body.name, "Anti-affinity Group name is already in use");
        antiAffinityRecords.refuseOverQuota(zone);
        return antiAffinityRecords.put({ id: randomUUID(), name: body.name, description: body.description });
      },
      { task: applyNetwork },
    ),

    mutation(
      "delete-anti-affinity-group",
      (zone, { params }) => {
        const { id } = antiAffinityRecords.find(zone, params.id);
        if (membersOf(zone, id).length > 0) {
          throw conflict("Cannot delete affinity group when it's in use by virtual machines");
        }
        return antiAffinityRecords.delete(id);
      },
      { task: applyNetwork },
    ),
  ],
  status: { of: (zone) => namesOf(antiAffinityRecords.all(zone)) },
};

export const membersOf = (zone: Zone, id: string): InstanceRecord[] =>
  [...zone.state.instances.values()].filter(({ antiAffinityGroups }) => antiAffinityGroups.includes(id));

const view = (zone: Zone, { id, name, description }: AntiAffinityGroupRecord): Schema<"anti-affinity-group"> => ({
  id,
  name,
  description,
  instances: membersOf(zone, id).map((instance) => ({ id: instance.id })),
});
