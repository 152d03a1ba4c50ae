import type { Resource } from "../sandbox/stack.ts";
import type { ChaosSandbox } from "./sandbox.ts";

/** An item in one of the API's lists; which fields it has depends on its type. */
interface Item {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

/** A resource in the zone; an elastic IP's name is its description. */
interface Thing {
  readonly id: string;
  readonly name: string;
}

/** How the API lists the resources of each type in the state. */
const kinds: Readonly<Record<string, { path: string; field: string; thing(each: Item): Thing }>> = {
  Instance: { path: "/instance", field: "instances", thing: ({ id, name }) => ({ id, name }) },
  Template: { path: "/template?visibility=private", field: "templates", thing: ({ id, name }) => ({ id, name }) },
  SshKey: { path: "/ssh-key", field: "ssh-keys", thing: ({ name }) => ({ id: name, name }) },
  AntiAffinityGroup: {
    path: "/anti-affinity-group",
    field: "anti-affinity-groups",
    thing: ({ id, name }) => ({ id, name }),
  },
  SecurityGroup: { path: "/security-group", field: "security-groups", thing: ({ id, name }) => ({ id, name }) },
  ElasticIp: { path: "/elastic-ip", field: "elastic-ips", thing: ({ id, description }) => ({ id, name: description }) },
};

/** The security group that every zone has. */
const given = "default";

/** The state's resources of one type of the Exoscale provider. */
export function ofType(resources: readonly Resource[], type: string): Resource[] {
  return resources.filter((each) => each.type === `pulumi-nodejs:dynamic/exoscale:${type}`);
}

/** The resource's id in the API: the part of the state's id before a slash. */
export function apiId({ id = "" }: Pick<Resource, "id">): string {
  return id.split("/")[0]!;
}

/**
 * Compares the zone's complete inventory with the state: each resource must be in both exactly once.
 *
 * @returns One sentence per difference.
 */
export async function differences({ zone, stack }: ChaosSandbox): Promise<string[]> {
  const resources = stack.resources();
  const wrong: string[] = [];
  for (const [type, { path, field, thing }] of Object.entries(kinds)) {
    const things: Thing[] = (await zone.api.get(path))[field].map(thing);
    const known = ofType(resources, type).map(apiId);
    for (const { id, name } of things.filter(({ name }) => name !== given)) {
      const times = known.filter((each) => each === id).length;
      if (times !== 1) wrong.push(`${type} ${name} (${id}) is in the zone, and ${times} times in the state`);
      if (things.filter((each) => each.name === name).length > 1)
        wrong.push(`${type} ${name} is in the zone more than once`);
    }
    for (const id of known)
      if (!things.some((each) => each.id === id)) wrong.push(`${type} ${id} is in the state, and not in the zone`);
  }
  for (const rules of ofType(resources, "SecurityGroupRules")) {
    // Read from the API: the provider's own read would not show duplicate rules.
    const { name, rules: actual = [] } = await zone.api.get(`/security-group/${apiId(rules)}`);
    const expected = rules.outputs?.rules.length;
    if (actual.length !== expected)
      wrong.push(`security group ${name} has ${actual.length} rules in the zone, and ${expected} in the state`);
  }
  for (const { urn } of resources.filter((each) => each.delete)) wrong.push(`${urn} is still pending deletion`);
  if (stack.hasPending()) wrong.push("the state has operations of unknown outcome");
  if (stack.isLocked()) wrong.push("the stack is still locked");
  return wrong;
}
