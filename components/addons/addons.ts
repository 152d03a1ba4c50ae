import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ApiEndpoint } from "../api-endpoint.ts";
import type { Addon, AddonArgs } from "./addon.ts";
import { coreDNS } from "./coredns.ts";
import { nodeGuard } from "./node-guard.ts";
import { nodeList } from "./node-list.ts";

/** Every add-on: a file of its own, and its images, if any, in versions.ts. */
const addons: readonly Addon[] = [coreDNS, nodeGuard, nodeList];

export interface AddonsArgs extends AddonArgs {
  /** The administrator's, as YAML. */
  kubeconfig: pulumi.Input<string>;
  endpoint: ApiEndpoint;
  /** What has to exist before the API can be used: `ready` of the masters. */
  ready: pulumi.Resource[];
}

/** What runs in the cluster from its first minute. */
export class Addons extends pulumi.ComponentResource {
  /** @param name the cluster's name */
  constructor(name: string, args: AddonsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:Addons", name, {}, opts);
    const { elasticIp } = args.endpoint;
    const provider = new kubernetes.Provider(
      name,
      {
        kubeconfig: pulumi.secret(args.kubeconfig),
        // Certificates and addresses may change; the cluster stays the one behind this elastic IP.
        clusterIdentifier: elasticIp.id,
        // Server-side apply asks the cluster in every preview; a preview must not need one.
        enableServerSideApply: false,
        // A replaced ConfigMap is away for a moment, and pods that start then wait.
        enableConfigMapMutable: true,
        // A refresh that is to repair a cluster must not need a healthy one.
        skipUpdateUnreachable: true,
      },
      // Everything it provides waits with it.
      { parent: this, dependsOn: args.ready },
    );
    // When the endpoint goes, the whole cluster does, and everything in it.
    for (const addon of addons) addon(name, args, { parent: this, provider, deletedWith: elasticIp });
    this.registerOutputs();
  }
}
