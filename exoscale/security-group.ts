import { groupProvider, groupsOf } from "./group.ts";
import { dropRules } from "./security-group-rules.ts";

export const securityGroups = groupsOf("security group", "/security-group", "security-groups");

/**
 * Instances that share rules. The rules are a resource of their own, so that two groups can name each other. They are deleted
 * with the group, too: rules that an interrupted run left would keep two such groups from being deleted.
 */
export const securityGroup = groupProvider(securityGroups, dropRules);
