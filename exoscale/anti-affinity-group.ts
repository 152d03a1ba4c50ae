import { groupKind, groupsOf } from "./group.ts";

export const antiAffinityGroups = groupsOf("anti-affinity group", "/anti-affinity-group", "anti-affinity-groups");

/** Instances that Exoscale keeps on different hosts; at most eight. */
export const antiAffinityGroup = groupKind(antiAffinityGroups);
