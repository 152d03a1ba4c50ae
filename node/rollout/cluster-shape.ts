import { changed, type Failure, type ResourceProvider } from "../../exoscale/resource-provider.ts";

/** What a living cluster cannot change. Nothing in the API: its `check` refuses such changes. */
export interface ClusterShapeInputs {
  /** The cluster's. Earlier releases did not store it. */
  readonly name?: string;
  readonly zone: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly masters: number;
}

const reasons: Readonly<Record<keyof ClusterShapeInputs, string>> = {
  name: "every name in the cloud and on the nodes begins with it, and it is the stack's",
  zone: "instances, addresses and groups cannot move to another zone",
  podCIDR: "running pods keep their addresses, and flannel's leases are cut from it",
  serviceCIDR: "Services keep their addresses, and certificates name the first of them",
  masters: "members join and leave both etcds only one by one, which is not supported yet",
};

export const clusterShape: ResourceProvider<ClusterShapeInputs, ClusterShapeInputs> = {
  check(olds, news) {
    return (Object.keys(reasons) as (keyof ClusterShapeInputs)[])
      .filter((key) => olds[key] !== undefined && changed(olds, news, [key]).length > 0)
      .map((key): Failure => ({
        property: key,
        reason: `${key} cannot change from ${olds[key]} to ${news[key]} while the cluster lives: ${reasons[key]}. ${
          key === "name"
            ? `Type: pulumi stack rename ${olds[key]}`
            : `Set it back to ${olds[key]}, or destroy the cluster first.`
        }`,
      }));
  },
  // A name that was unknown goes into the state without being a change.
  diff: (_id, olds, news) => ({
    changes: changed(olds, news, ["zone", "podCIDR", "serviceCIDR", "masters"]).length > 0,
  }),
  create: async (inputs) => ({ id: inputs.zone, outs: inputs }),
  read: async (_id, olds) => ({ outs: olds, inputs: olds }),
  update: async (_id, _olds, news) => news,
  delete: async () => {},
};
