import type { Api, Instance } from "../../exoscale/api.ts";
import { hasEmptyUserData } from "../../exoscale/instance.ts";
import { connect, type Client } from "../../exoscale/client.ts";
import { getInstance, isLeaving } from "../../exoscale/instance-actions.ts";
import { orGone, type ResourceProvider } from "../../exoscale/resource-provider.ts";

export interface ClusterOriginInputs {
  readonly api: Api;
  /** Label `cluster` of its instances. */
  readonly cluster: string;
}

/**
 * What a cluster keeps from the release that made it, decided once and never changed.
 *
 * Releases before this resource encrypted Secrets with a key derived from a TLS key. In a cluster of theirs that key has
 * to go on writing: while masters change one by one, only some apiservers know the new key, and the others could not
 * read what it wrote (https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#rotating-a-decryption-key).
 */
export interface ClusterOriginOutputs extends ClusterOriginInputs {
  /** The key that encrypts Secrets: `derived` where masters ran before this resource existed, else `random`. */
  readonly secretsKey: "derived" | "random";
}

export const clusterOrigin: ResourceProvider<ClusterOriginInputs, ClusterOriginOutputs> = {
  diff: () => ({ changes: false }),
  async create(inputs) {
    const secretsKey = (await hasBootedMaster(connect(inputs.api), inputs.cluster)) ? "derived" : "random";
    return { id: inputs.cluster, outs: { ...inputs, secretsKey } };
  },
  read: async (_id, olds) => ({ outs: olds }),
  update: async (_id, { secretsKey }, news) => ({ ...news, secretsKey }),
  delete: async () => {},
};

/** An instance that still has no user-data of its own never ran a master: a first run was interrupted. */
export async function hasBootedMaster(client: Client, cluster: string): Promise<boolean> {
  const listed = await client.list<Instance>("/instance", "instances");
  const masters = listed.filter(
    (each) => each.labels?.cluster === cluster && each.labels.role === "master" && !isLeaving(each),
  );
  // Lists have no user-data.
  const instances = await Promise.all(masters.map(({ id }) => orGone(getInstance(client, id))));
  return instances.some((each) => each && !hasEmptyUserData(each));
}
