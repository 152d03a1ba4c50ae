import { groupProvider, groupsOf } from "./group.ts";

export const antiAffinityGroups = groupsOf("anti-affinity group", "/anti-affinity-group", "anti-affinity-groups");

/** Up to eight instances that Exoscale keeps on different hosts. */
export const antiAffinityGroup = groupProvider(antiAffinityGroups);
