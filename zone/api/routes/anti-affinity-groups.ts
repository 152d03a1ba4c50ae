import { randomUUID } from "node:crypto";

import type { AntiAffinityGroupRecord } from "../../records.ts";
import { conflict } from "../errors.ts";
import { applyNetwork, Plan, type Family, type Zone } from "../zone.ts";
import { findAntiAffinityGroup, membersOf, refuseOverQuota, refuseTaken } from "./find.ts";

/** Instances that share no hypervisor. On one machine there is only the limit to keep. */
export const antiAffinityGroups: Family = {
  handlers: {
    "list-anti-affinity-groups": (zone) => ({
      "anti-affinity-groups": [...zone.state.antiAffinityGroups.values()].map((group) => view(zone, group)),
    }),

    "get-anti-affinity-group": (zone, { params }) => view(zone, findAntiAffinityGroup(zone, params.id)),

    "create-anti-affinity-group": (zone, { body }) => {
      const groups = zone.state.antiAffinityGroups;
      refuseTaken(groups.values(), body.name, "Anti-affinity Group name is already in use");
      refuseOverQuota(zone, "anti-affinity-group", groups.size);
      const record = { id: randomUUID(), name: body.name, description: body.description };
      return new Plan("create-anti-affinity-group", reference(record), (change) => {
        change.put("antiAffinityGroups", record);
      });
    },

    "delete-anti-affinity-group": (zone, { params }) => {
      const group = findAntiAffinityGroup(zone, params.id);
      if (membersOf(zone, group.id).length > 0) {
        throw conflict("Cannot delete affinity group when it's in use by virtual machines");
      }
      return new Plan("delete-anti-affinity-group", reference(group), (change) => {
        change.delete("antiAffinityGroups", group.id);
      });
    },
  },
  work: {
    "create-anti-affinity-group": applyNetwork,
    "delete-anti-affinity-group": applyNetwork,
  },
};

const reference = ({ id }: { readonly id: string }) => ({ type: "anti-affinity-group", id });

const view = (zone: Zone, { id, name, description }: AntiAffinityGroupRecord): object => ({
  id,
  name,
  description,
  instances: membersOf(zone, id).map((instance) => ({ id: instance.id })),
});
