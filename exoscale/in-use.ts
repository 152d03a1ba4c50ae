import type { Instance } from "./api.ts";
import type { Client } from "./client.ts";
import { getInstance } from "./instance-actions.ts";
import { orGone } from "./resource-provider.ts";

/** What the instances used that this process has deleted, by endpoint and id. */
const usedBefore = new Set<string>();

/** Ids of what an instance uses; an SSH key's is its name. */
function usesOf(instance: Instance): string[] {
  const { template, "ssh-keys": keys = [] } = instance;
  const groups = (["security-groups", "anti-affinity-groups", "elastic-ips"] as const).flatMap(
    (each) => instance[each] ?? [],
  );
  return [...(template ? [template] : []), ...groups].map(({ id }) => id).concat(keys.map(({ name }) => name));
}

const keyOf = ({ endpoint }: Client, id: string): string => `${endpoint.replace(/\/+$/, "")} ${id}`;

/** Call it before an instance is deleted. */
export function rememberUses(client: Client, instance: Instance): void {
  for (const id of usesOf(instance)) usedBefore.add(keyOf(client, id));
}

/**
 * Whether an instance uses it, or one used it that this run has deleted. It was in a state then: instances are created after
 * what they use.
 */
export async function wasInUse(client: Client, id: string): Promise<boolean> {
  if (usedBefore.has(keyOf(client, id))) return true;
  const listed = await client.list<Instance>("/instance", "instances");
  // Lists do not have everything.
  const instances = await Promise.all(listed.map((each) => orGone(getInstance(client, each.id))));
  return instances.some((each) => each !== undefined && usesOf(each).includes(id));
}
