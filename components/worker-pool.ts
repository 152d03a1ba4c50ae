import * as pulumi from "@pulumi/pulumi";
import type { Boot, Instance } from "../provider/index.ts";
import { workerNames } from "../config/workers.ts";
import { renderWorker } from "../ignition/index.ts";
import { releaseNetworkCommand, scriptCommand } from "../node/remote/scripts.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { createBoot, createInstance, waitUntilHealthy } from "./machine.ts";
import type { MasterPool } from "./master-pool.ts";
import { nodeCommand } from "./node-command.ts";

export interface WorkerPoolArgs extends ClusterArgs, PoolArgs {
  /** Number of workers, from 0. One that is removed is drained first; the others are left alone. */
  count: number;
  /** Names of workers that are removed for good; their numbers are not used again. @default none */
  removed?: readonly string[];
  /** The masters of the same cluster. */
  masters: MasterPool;
  /** How many workers of this pool may be down at the same time while they are changed, from 1. */
  maxUnavailable: number;
}

/**
 * A pool of workers that differ only in their number. None depends on another or on how many there are, so scaling
 * touches only those that are added or removed.
 */
export class WorkerPool extends pulumi.ComponentResource {
  readonly nodes: readonly Node[];

  /** @param name its nodes are `NAME-worker-1` and so on; the cluster's name for the first pool, another one for each further pool */
  constructor(name: string, args: WorkerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:WorkerPool", name, {}, opts);
    const { pki, endpoint, masters, count, removed = [] } = args;
    this.nodes = workerNames(name, count, removed).map((worker) => createWorker(this, worker));
    this.registerOutputs();

    function createWorker(parent: WorkerPool, nodeName: string): Node {
      const instance = createInstance(parent, nodeName, args, "worker", { antiAffinityGroups: [], elasticIps: [] });
      const hostKey = pki.hostKey(nodeName);
      const boot = bootWorker(parent, nodeName, instance, hostKey);
      if (args.waitFor === "cluster") {
        // It takes minutes in a new cluster, so it does not go through the elastic IP: an apiserver that is too busy for a
        // health check loses its connections there. A cordon is its operator's.
        const create = scriptCommand("wait-ready", "900", "--cordoned");
        const node = { instance, hostKey: hostKey.line, create };
        const ready = waitUntilHealthy(parent, nodeName, args, node, [boot, ...masters.ready]);
        createMembership(parent, nodeName, instance, ready);
      }
      return { name: nodeName, role: "worker", address: instance.publicIp, hostKey: hostKey.lines };
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
          sshHostKey: hostKey.key.privateKeyPem,
        })
        .apply(renderWorker);
      return createBoot(parent, nodeName, args, {
        instance,
        hostKey: hostKey.lines,
        userData,
        kind: "worker",
        group: `${name}-workers`,
        maxUnavailable: args.maxUnavailable,
        template: args.template,
        ...(args.image !== undefined && { image: args.image }),
      });
    }

    /**
     * The Node object: Ready and labelled before `pulumi up` ends, drained and deleted before its instance is. The
     * commands go through the elastic IP, so that any healthy master runs them.
     */
    function createMembership(parent: WorkerPool, nodeName: string, instance: Instance, ready: pulumi.Resource): void {
      nodeCommand(
        `${nodeName}-node`,
        {
          host: endpoint.address,
          hostKey: pki.masterHostKey.line,
          ssh: pki.ssh,
          dialErrorLimit: 10,
          create: scriptCommand("node-join", nodeName, "worker"),
          // By its address: the Node object may be gone.
          delete: instance.publicIp.apply(
            (address) =>
              `${scriptCommand("node-remove", nodeName, String(args.settings.drainTimeout))} && ${releaseNetworkCommand(address)}`,
          ),
          triggers: [instance.id],
        },
        {
          parent,
          dependsOn: [ready, ...masters.ready],
          deleteBeforeReplace: true,
          // If the endpoint goes, so does the cluster: skip the drain.
          deletedWith: endpoint.elasticIp,
        },
      );
    }
  }
}
