import type * as pulumi from "@pulumi/pulumi";
import type { Node } from "../cluster.ts";

/** What add-ons know of the cluster. */
export interface AddonArgs {
  /**
   * PEM of every authority that may have signed an apiserver's certificate. Pods read it when they start and not again,
   * so an add-on that uses the API starts again when it changes.
   */
  kubernetesCA: pulumi.Input<string>;
  /** IPv4 network of the Services. */
  serviceCIDR: string;
  /** All nodes: an add-on has no more replicas than fit, and no other node may register. */
  nodes: readonly Pick<Node, "name" | "role">[];
}

/**
 * Makes an add-on's resources.
 * @param name the cluster's name; begins the name of each resource
 * @param inCluster options of each resource: parent, provider, and that it goes with the cluster
 */
export type Addon = (name: string, args: AddonArgs, inCluster: pulumi.CustomResourceOptions) => void;
