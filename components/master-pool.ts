import * as pulumi from "@pulumi/pulumi";
import { AntiAffinityGroup, ClusterOrigin, type Boot, type Instance } from "../provider/index.ts";
import { renderMaster, type EncryptionKey, type Peer } from "../ignition/index.ts";
import { scriptCommand } from "../node/remote/scripts.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { createBoot, createInstance } from "./machine.ts";
import { nodeCommand } from "./node-command.ts";
import { publicLine } from "./pki.ts";

export interface MasterPoolArgs extends ClusterArgs, PoolArgs {
  /** Number of masters: 1, 3 or 5. Each is a member of both etcds. Cannot change while the cluster exists. */
  count: number;
}

/**
 * The masters: pets with the whole control plane, on different hosts by anti-affinity, behind the elastic IP. They boot
 * at the same time, since the first cannot form a quorum alone; later changes reach one after the other.
 */
export class MasterPool extends pulumi.ComponentResource {
  readonly nodes: readonly Node[];
  /** The masters as every node's cloud-config names them. */
  readonly peers: pulumi.Output<Peer[]>;
  /** Created once every master is healthy and the elastic IP leads to one: what depends on them may use the Kubernetes API. */
  readonly ready: pulumi.Resource[];

  /** @param name the cluster's name; its nodes are `NAME-master-1` and so on */
  constructor(name: string, args: MasterPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:MasterPool", name, {}, opts);
    const { api, pki, endpoint } = args;
    const hostKey = publicLine(pki.masterHostKey);
    const antiAffinityGroup = new AntiAffinityGroup(
      `${name}-masters`,
      { api, name: `${name}-masters` },
      { parent: this },
    );
    // It depends on no instance: in a new cluster it looks for masters before there are any.
    const origin = new ClusterOrigin(name, { api, cluster: args.clusterName }, { parent: this });
    const instances = Array.from({ length: args.count }, (_, i) => createMachine(this, `${name}-master-${i + 1}`));

    this.nodes = instances.map(({ nodeName, instance }) => ({
      name: nodeName,
      role: "master",
      address: instance.publicIp,
      hostKey,
    }));
    this.peers = pulumi.all(this.nodes.map(({ name, address }) => address.apply((address) => ({ name, address }))));
    const boots = instances.map(({ nodeName, instance }) => bootMaster(this, nodeName, instance));
    this.ready =
      args.waitFor === "cluster"
        ? waitForApi(
            this,
            instances.map(({ nodeName, instance }, i) => waitUntilHealthy(this, nodeName, instance, boots[i]!)),
          )
        : boots;
    this.registerOutputs();

    function createMachine(parent: MasterPool, nodeName: string) {
      const apart = { antiAffinityGroups: [antiAffinityGroup.id], elasticIps: [endpoint.elasticIp.id] };
      return { nodeName, instance: createInstance(parent, nodeName, args, "master", apart) };
    }

    function bootMaster(parent: MasterPool, nodeName: string, instance: Instance): Boot {
      const userData = pulumi
        .output({
          ...args.settings,
          ...pki.master({ name: nodeName, address: instance.publicIp, apiAddress: endpoint.address }),
          name: nodeName,
          address: instance.publicIp,
          masters: parent.peers,
          encryptionKeys: encryptionKeys(origin),
        })
        .apply(renderMaster);
      // Without a template: a master is never rebuilt, since its members of both etcds would be lost.
      return createBoot(parent, nodeName, args, {
        instance,
        hostKey,
        userData,
        kind: "master",
        group: `${name}-masters`,
        maxUnavailable: 1,
      });
    }

    /** The first one writes. */
    function encryptionKeys({ secretsKey }: ClusterOrigin): pulumi.Output<EncryptionKey[]> {
      const { derived, random } = pki.encryptionKeys;
      return pulumi
        .all([secretsKey, derived, random])
        .apply(([writer, derived, random]) => (writer === "derived" ? [derived, random] : [random, derived]));
    }

    function waitUntilHealthy(parent: MasterPool, nodeName: string, instance: Instance, boot: Boot): pulumi.Resource {
      return nodeCommand(
        `${nodeName}-ready`,
        {
          host: instance.publicIp,
          hostKey,
          ssh: pki.ssh,
          dialErrorLimit: 40,
          // A kubelet may not give itself the role's label: a master does.
          create: `${scriptCommand("wait-ready")} && ${scriptCommand("node-join", nodeName, "master")}`,
          triggers: [instance.id],
        },
        { parent, dependsOn: boot },
      );
    }

    /** The elastic IP's health check lags behind: this waits until SSH goes through it, where clients of the API would give up. */
    function waitForApi(parent: MasterPool, dependsOn: pulumi.Resource[]): pulumi.Resource[] {
      const { address, elasticIp } = endpoint;
      return [
        nodeCommand(
          `${name}-api-ready`,
          {
            host: address,
            hostKey,
            ssh: pki.ssh,
            dialErrorLimit: 40,
            create: scriptCommand("wait-ready"),
            triggers: [elasticIp.id],
          },
          { parent, dependsOn },
        ),
      ];
    }
  }
}
