import * as pulumi from "@pulumi/pulumi";
import {
  AntiAffinityGroup,
  ClusterOrigin,
  PodSecurity,
  SecretsKey,
  type Boot,
  type Instance,
} from "../provider/index.ts";
import { renderMaster, type Peer } from "../ignition/index.ts";
import type { PodSecurityLevel } from "../pod-security.ts";
import { scriptCommand } from "../node/remote/scripts.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { createBoot, createInstance, waitUntilHealthy } from "./machine.ts";
import { nodeCommand } from "./node-command.ts";

export interface MasterPoolArgs extends ClusterArgs, PoolArgs {
  /** Number of masters: 1, 3 or 5. Each is a member of both etcds. Cannot change while the cluster exists. */
  count: number;
  /** Level of Pod Security for namespaces that have none of their own. @default a new cluster's is `baseline`; it stays */
  podSecurity?: PodSecurityLevel | undefined;
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
    const { line: hostKey, lines: hostKeys } = pki.masterHostKey;
    const anyMaster = {
      host: endpoint.address,
      user: "core",
      privateKey: pki.ssh.privateKeyOpenssh,
      hostKey: hostKeys,
    };
    const antiAffinityGroup = new AntiAffinityGroup(
      `${name}-masters`,
      { api, name: `${name}-masters` },
      { parent: this },
    );
    // It depends on no instance: in a new cluster it looks for masters before there are any.
    const origin = new ClusterOrigin(name, { api, cluster: args.clusterName }, { parent: this });
    const security = new PodSecurity(
      name,
      {
        api,
        cluster: args.clusterName,
        wanted: args.podSecurity,
        waitFor: args.waitFor,
        masters: anyMaster,
      },
      { parent: this },
    );
    const instances = Array.from({ length: args.count }, (_, i) => createMachine(this, `${name}-master-${i + 1}`));

    this.nodes = instances.map(({ nodeName, instance }) => ({
      name: nodeName,
      role: "master",
      address: instance.publicIp,
      hostKey: hostKeys,
    }));
    this.peers = pulumi.all(this.nodes.map(({ name, address }) => address.apply((address) => ({ name, address }))));
    // A key goes when nothing is encrypted with it any more, and nothing is written again before all masters write with the
    // next one.
    const isKeyLeaving = pki.keyReplacement % 3 === 0;
    const before = isKeyLeaving ? [createSecretsKey(this, [])] : [];
    const boots = instances.map(({ nodeName, instance }) => bootMaster(this, nodeName, instance, before));
    const isCluster = args.waitFor === "cluster";
    const booted = isCluster
      ? instances.map(({ nodeName, instance }, i) => {
          // A kubelet may not give itself the role's label: a master does.
          const create = `${scriptCommand("wait-ready")} && ${scriptCommand("node-join", nodeName, "master")}`;
          return waitUntilHealthy(this, nodeName, args, { instance, hostKey, create }, [boots[i]!]);
        })
      : boots;
    const followed = [endpoint.follow(booted)];
    this.ready = isCluster ? waitForApi(this, followed) : followed;
    if (!isKeyLeaving) createSecretsKey(this, this.ready);
    this.registerOutputs();

    function createMachine(parent: MasterPool, nodeName: string) {
      const apart = { antiAffinityGroups: [antiAffinityGroup.id], elasticIps: [endpoint.elasticIp.id] };
      return { nodeName, instance: createInstance(parent, nodeName, args, "master", apart) };
    }

    function bootMaster(parent: MasterPool, nodeName: string, instance: Instance, dependsOn: pulumi.Resource[]): Boot {
      const userData = pulumi
        .output({
          ...args.settings,
          ...pki.master({ name: nodeName, address: instance.publicIp, apiAddress: endpoint.address }),
          name: nodeName,
          address: instance.publicIp,
          masters: parent.peers,
          encryptionKeys: pki.encryptionKeys(origin.secretsKey),
          podSecurity: security.level,
        })
        .apply(renderMaster);
      // Without a template: a master is never rebuilt, since its members of both etcds would be lost.
      return createBoot(
        parent,
        nodeName,
        args,
        { instance, hostKey: hostKeys, userData, kind: "master", group: `${name}-masters`, maxUnavailable: 1 },
        dependsOn,
      );
    }

    function createSecretsKey(parent: MasterPool, dependsOn: pulumi.Resource[]): SecretsKey {
      return new SecretsKey(
        name,
        {
          api,
          cluster: args.clusterName,
          key: pki.nameOfSecretsKey(origin.secretsKey),
          keyReplacement: pki.keyReplacement,
          waitFor: args.waitFor,
          masters: anyMaster,
        },
        { parent, dependsOn: [pki.inUse, ...dependsOn] },
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
