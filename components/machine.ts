import * as pulumi from "@pulumi/pulumi";
import { Boot, Instance, type BootArgs, type InstanceArgs } from "../provider/index.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { publicLine } from "./pki.ts";

type Args = ClusterArgs & PoolArgs;

/**
 * A node's instance, stopped and without user-data of its own: certificates need its address first.
 *
 * @param apart what masters have and workers do not
 */
export function createInstance(
  parent: pulumi.Resource,
  name: string,
  args: Args,
  role: Node["role"],
  apart: Pick<InstanceArgs, "antiAffinityGroups" | "elasticIps">,
): Instance {
  return new Instance(
    name,
    {
      api: args.api,
      name,
      type: args.type,
      template: args.template,
      diskSize: args.diskSize,
      sshKey: args.sshKey.name,
      securityGroups: [args.securityGroup],
      ...apart,
      labels: { cluster: args.clusterName, role },
    },
    { parent, dependsOn: args.sshKey.resource },
  );
}

interface NodeBoot extends Pick<BootArgs, "kind" | "group" | "maxUnavailable" | "template"> {
  /** The one to boot. */
  instance: Instance;
  /** Its SSH host key, an OpenSSH public key line. */
  hostKey: pulumi.Output<string>;
  /** Its cloud-config, as text. */
  userData: pulumi.Output<string>;
}

/** Keeps a node's instance running with its cloud-config, type, disk and, for a worker, template. */
export function createBoot(
  parent: pulumi.Resource,
  name: string,
  args: Args,
  { instance, hostKey, userData, ...own }: NodeBoot,
): Boot {
  const { api, pki, endpoint } = args;
  return new Boot(
    name,
    {
      api,
      name,
      instance: instance.id,
      userData: pulumi.secret(userData),
      type: args.type,
      diskSize: args.diskSize,
      waitFor: args.waitFor,
      drainTimeout: args.settings.drainTimeout,
      caReplacement: pki.caReplacement,
      ssh: { host: instance.publicIp, user: "core", privateKey: pki.ssh.privateKeyOpenssh, hostKey },
      masters: { host: endpoint.address, hostKey: publicLine(pki.masterHostKey) },
      ...own,
    },
    { parent },
  );
}
