import { groupKind } from "./group.ts";

/** Instances that share rules; the rules are a resource of their own, so that two groups can name each other. */
export const securityGroup = groupKind("security group", "/security-group", "security-groups");
