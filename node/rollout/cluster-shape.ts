import { connect } from "../../exoscale/client.ts";
import { typeId } from "../../exoscale/instance-actions.ts";
import { changed, type Failure, type ResourceProvider } from "../../exoscale/resource-provider.ts";

/** What a living cluster cannot change. Nothing in the API: its `check` refuses such changes. */
interface Shape {
  /** The cluster's. Earlier releases did not store it. */
  readonly name?: string;
  readonly zone: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly masters: number;
}

export interface ClusterShapeInputs extends Shape {
  /**
   * Instance types of a new cluster, and the base URL of the API that has them. One that the account cannot have is refused
   * before anything is made; later ones are refused by whoever takes them, and are no change of this.
   *
   * @default nothing is asked
   */
  readonly machines?: { readonly endpoint: string; readonly types: readonly string[] };
}

const reasons: Readonly<Record<keyof Shape, string>> = {
  name: "every name in the cloud and on the nodes begins with it, and it is the stack's",
  zone: "instances, addresses and groups cannot move to another zone",
  podCIDR: "running pods keep their addresses, and flannel's leases are cut from it",
  serviceCIDR: "Services keep their addresses, and certificates name the first of them",
  masters: "members join and leave both etcds only one by one, which is not supported yet",
};

export const clusterShape: ResourceProvider<ClusterShapeInputs, ClusterShapeInputs> = {
  check(olds, news) {
    return (Object.keys(reasons) as (keyof Shape)[])
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
  async create(inputs) {
    const { zone, machines } = inputs;
    for (const type of machines?.types ?? []) await typeId(connect({ endpoint: machines!.endpoint, zone }), type);
    return { id: zone, outs: inputs };
  },
  read: async (_id, olds) => ({ outs: olds, inputs: olds }),
  update: async (_id, _olds, news) => news,
  delete: async () => {},
};
