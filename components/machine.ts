import * as pulumi from "@pulumi/pulumi";
import { Boot, Instance, type BootArgs, type InstanceArgs } from "../provider/index.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { publicLine } from "./pki.ts";

type Args = ClusterArgs & PoolArgs;

/** A node's machine, not yet told what to run. */
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

export interface BootOf extends Pick<BootArgs, "kind" | "group" | "maxUnavailable" | "template"> {
  instance: Instance;
  /** Its SSH host key, an OpenSSH public key line. */
  hostKey: pulumi.Output<string>;
  /** Its cloud-config. */
  userData: pulumi.Output<string>;
}

/** Has a machine run what its cloud-config says. */
export function createBoot(
  parent: pulumi.Resource,
  name: string,
  args: Args,
  { instance, hostKey, userData, ...own }: BootOf,
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
