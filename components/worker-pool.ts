import * as pulumi from "@pulumi/pulumi";
import type { Boot, Instance } from "../provider/index.ts";
import { renderWorker } from "../ignition/index.ts";
import { scriptCommand } from "../node/remote/scripts.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { createBoot, createInstance } from "./machine.ts";
import type { MasterPool } from "./master-pool.ts";
import { nodeCommand } from "./node-command.ts";
import { publicLine } from "./pki.ts";

export interface WorkerPoolArgs extends ClusterArgs, PoolArgs {
  /** Number of workers. One that goes is drained first; the others do not notice. */
  count: number;
  masters: MasterPool;
  /** How many may be away at once while they are changed. */
  maxUnavailable: number;
}

/**
 * The workers: cattle, told apart by their number only. Nothing of one depends on another or on how many there are,
 * so scaling touches only those that come or go.
 */
export class WorkerPool extends pulumi.ComponentResource {
  readonly nodes: readonly Node[];

  /** @param name What its nodes' names begin with, `NAME-worker-1`; the cluster's, but for further pools. */
  constructor(name: string, args: WorkerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:WorkerPool", name, {}, opts);
    const { pki, endpoint, masters } = args;
    this.nodes = Array.from({ length: args.count }, (_, i) => createWorker(this, `${name}-worker-${i + 1}`));
    this.registerOutputs();

    function createWorker(parent: WorkerPool, nodeName: string): Node {
      const instance = createInstance(parent, nodeName, args, "worker", { antiAffinityGroups: [], elasticIps: [] });
      const hostKey = pki.hostKey(nodeName);
      const boot = bootWorker(parent, nodeName, instance, hostKey);
      if (args.waitFor === "cluster") createMembership(parent, nodeName, instance, boot);
      return { name: nodeName, role: "worker", address: instance.publicIp, hostKey: publicLine(hostKey) };
    }

    function bootWorker(
      parent: WorkerPool,
      nodeName: string,
      instance: Instance,
      hostKey: ReturnType<typeof pki.hostKey>,
    ): Boot {
      const userData = pulumi
        .output({
          ...args.settings,
          ...pki.worker({ name: nodeName, address: instance.publicIp }),
          name: nodeName,
          address: instance.publicIp,
          masters: masters.peers,
          sshHostKey: hostKey.privateKeyOpenssh,
        })
        .apply(renderWorker);
      return createBoot(parent, nodeName, args, {
        instance,
        hostKey: publicLine(hostKey),
        userData,
        kind: "worker",
        group: `${name}-workers`,
        maxUnavailable: args.maxUnavailable,
        template: args.template,
      });
    }

    /**
     * The Node object's life: Ready and labelled before `pulumi up` ends, drained and gone before its machine is.
     * By way of the elastic IP, so that any healthy master does it.
     */
    function createMembership(parent: WorkerPool, nodeName: string, instance: Instance, boot: Boot): void {
      nodeCommand(
        `${nodeName}-node`,
        {
          host: endpoint.address,
          hostKey: publicLine(pki.masterHostKey),
          ssh: pki.ssh,
          dialErrorLimit: 10,
          create: scriptCommand("node-join", nodeName, "worker"),
          delete: scriptCommand("node-remove", nodeName, String(args.settings.drainTimeout)),
          triggers: [instance.id],
        },
        {
          parent,
          dependsOn: [boot, ...masters.ready],
          deleteBeforeReplace: true,
          // With the endpoint the whole cluster goes: nobody is left to be drained to.
          deletedWith: endpoint.elasticIp,
        },
      );
    }
  }
}
