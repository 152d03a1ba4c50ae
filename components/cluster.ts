import type * as pulumi from "@pulumi/pulumi";
import type { ApiArgs } from "../provider/index.ts";
import type { Mirror, RebootWindow } from "../ignition/types.ts";
import type { ApiEndpoint } from "./api-endpoint.ts";
import type { Pki } from "./pki.ts";

/** What masters and workers of one cluster share. */
export interface ClusterArgs {
  /** Label `cluster` of every instance. */
  clusterName: string;
  api: ApiArgs;
  pki: Pki;
  endpoint: ApiEndpoint;
  /** Template's id. */
  template: pulumi.Input<string>;
  /** The registered SSH key. Instances take its plain name: one must not be replaced because the key behind it is. */
  sshKey: { name: string; resource: pulumi.Resource };
  /** OpenSSH public keys that may log in as core besides the Pki's own. */
  sshPublicKeys: readonly string[];
  /** IPv4 network of the pods. */
  podCIDR: string;
  /** IPv4 network of the Services. */
  serviceCIDR: string;
  /** Where nodes fetch instead of upstream. */
  mirror: Mirror;
  /** Time zone of the reboot window, an IANA name. */
  timeZone: string;
  /** Seconds that pods of a node that goes down may resist eviction. */
  drainTimeout: number;
  /** As the Pki's. */
  caReplacement: number;
  /** `cluster`: ready when the nodes are; `instances`: ready when the API says running, and no SSH. */
  waitFor: "cluster" | "instances";
}

/** What the machines of one pool share. */
export interface PoolArgs {
  /** Id of the pool's security group. */
  securityGroup: pulumi.Input<string>;
  /** Instance type, `family.size`. */
  type: string;
  /** GiB. */
  diskSize: number;
  rebootWindow: RebootWindow;
}

/** A node as the program's outputs show it. */
export interface Node {
  readonly name: string;
  readonly role: "master" | "worker";
  /** Public IPv4 address. */
  readonly address: pulumi.Output<string>;
  /** SSH host key, an OpenSSH public key line. */
  readonly hostKey: pulumi.Output<string>;
}

/** What the cloud-configs of all nodes of a pool say alike. */
export const sharedNodeArgs = ({
  pki,
  podCIDR,
  serviceCIDR,
  rebootWindow,
  timeZone,
  drainTimeout,
  mirror,
  sshPublicKeys,
}: ClusterArgs & PoolArgs) => ({
  podCIDR,
  serviceCIDR,
  rebootWindow,
  timeZone,
  drainTimeout,
  mirror,
  authorizedKeys: pki.ssh.publicKeyOpenssh.apply((own) => [own.trim(), ...sshPublicKeys]),
  kubernetesCA: pki.kubernetesCA.trusted,
  infraEtcdCA: pki.infraEtcdCA.trusted,
});
