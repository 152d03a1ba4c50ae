import * as pulumi from "@pulumi/pulumi";
import { Boot, Instance, type BootArgs, type InstanceArgs } from "../provider/index.ts";
import type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
import { nodeCommand } from "./node-command.ts";

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

interface NodeBoot extends Pick<BootArgs, "kind" | "group" | "maxUnavailable" | "template" | "image"> {
  /** The one to boot. */
  instance: Instance;
  /** SSH host keys that it may show, OpenSSH public key lines. */
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
  dependsOn: pulumi.Resource[] = [],
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
      keyReplacement: pki.keyReplacement,
      ssh: { host: instance.publicIp, user: "core", privateKey: pki.ssh.privateKeyOpenssh, hostKey },
      masters: { host: endpoint.address, hostKey: pki.masterHostKey.lines },
      kubernetes: { server: endpoint.url, ca: pki.kubernetesCA.trusted, cert: pki.admin.cert, key: pki.admin.key },
      ...own,
    },
    { parent, dependsOn: [pki.inUse, ...dependsOn] },
  );
}

interface NodeHealth {
  instance: Instance;
  /** The SSH host key that it shows, an OpenSSH public key line. */
  hostKey: pulumi.Output<string>;
  /** Command that waits, on the node. */
  create: string;
}

/** Waits over SSH to the node's own address until it is healthy: once in the life of its instance. */
export function waitUntilHealthy(
  parent: pulumi.Resource,
  name: string,
  { pki }: Args,
  { instance, hostKey, create }: NodeHealth,
  dependsOn: pulumi.Resource[],
): pulumi.Resource {
  return nodeCommand(
    `${name}-ready`,
    { host: instance.publicIp, hostKey, ssh: pki.ssh, dialErrorLimit: 40, create, triggers: [instance.id] },
    { parent, dependsOn },
  );
}
