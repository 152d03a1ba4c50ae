import { groupKind, groupsOf } from "./group.ts";
import { dropRules } from "./security-group-rules.ts";

export const securityGroups = groupsOf("security group", "/security-group", "security-groups");

/**
 * Instances that share rules; the rules are a resource of their own, so that two groups can name each other. Rules
 * that an interrupted run made, and nobody remembers, would keep two such groups for ever.
 */
export const securityGroup = groupKind(securityGroups, dropRules);
