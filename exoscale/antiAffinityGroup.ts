import { groupKind } from "./group.ts";

/** Instances that Exoscale keeps on different hosts; at most eight. */
export const antiAffinityGroup = groupKind("anti-affinity group", "/anti-affinity-group", "anti-affinity-groups");
