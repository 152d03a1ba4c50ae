import * as pulumi from "@pulumi/pulumi";
import { AntiAffinityGroup, ClusterOrigin, type Boot, type Instance } from "../provider/index.ts";
import { renderMaster } from "../ignition/index.ts";
import { scriptCommand } from "../node/remote/scripts.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { createBoot, createInstance } from "./machine.ts";
import { nodeCommand } from "./node-command.ts";
import { publicLine } from "./pki.ts";

export interface MasterPoolArgs extends ClusterArgs, PoolArgs {
  /** 1, 3 or 5: members of both etcds. */
  count: number;
}

/**
 * The masters: pets with the whole control plane, apart from each other by anti-affinity, behind the elastic IP.
 * All boot at once, since the first cannot form a quorum alone; later changes go one by one.
 */
export class MasterPool extends pulumi.ComponentResource {
  readonly nodes: readonly Node[];
  /** As the nodes' cloud-configs name them. */
  readonly peers: pulumi.Output<{ name: string; address: string }[]>;
  /** Done once every master is well and the elastic IP leads to one: what comes after may use the Kubernetes API. */
  readonly ready: pulumi.Resource[];

  /** @param name What its nodes' names begin with, `NAME-master-1`; the cluster's. */
  constructor(name: string, args: MasterPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:MasterPool", name, {}, opts);
    const { api, pki, endpoint } = args;
    const hostKey = publicLine(pki.masterHostKey);
    const antiAffinityGroup = new AntiAffinityGroup(
      `${name}-masters`,
      { api, name: `${name}-masters` },
      { parent: this },
    );
    // Without instances among its inputs: in a new cluster it looks for masters before there are any.
    const { secretsKey } = new ClusterOrigin(name, { api, cluster: args.clusterName }, { parent: this });
    const { derived, random } = pki.encryptionKeys;
    const encryptionKeys = pulumi
      .all([secretsKey, derived, random])
      .apply(([writer, derived, random]) => (writer === "derived" ? [derived, random] : [random, derived]));
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
            instances.map(({ nodeName, instance }, i) => waitUntilWell(this, nodeName, instance, boots[i]!)),
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
          encryptionKeys,
        })
        .apply(renderMaster);
      // Without a template: a master is never made anew, it would lose its part of both etcds.
      return createBoot(parent, nodeName, args, {
        instance,
        hostKey,
        userData,
        kind: "master",
        group: `${name}-masters`,
        maxUnavailable: 1,
      });
    }

    function waitUntilWell(parent: MasterPool, nodeName: string, instance: Instance, boot: Boot): pulumi.Resource {
      return nodeCommand(
        `${nodeName}-ready`,
        {
          host: instance.publicIp,
          hostKey,
          ssh: pki.ssh,
          dialErrorLimit: 40,
          // The role's label is a master's to give: a kubelet may not give it to itself.
          create: `${scriptCommand("wait-ready")} && ${scriptCommand("node-join", nodeName, "master")}`,
          triggers: [instance.id],
        },
        { parent, dependsOn: boot },
      );
    }

    /** The elastic IP's health check lags behind. Dialling through it waits; clients of the API would give up. */
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
