import type * as pulumi from "@pulumi/pulumi";
import type { NodeSettings } from "../ignition/index.ts";
import type { ApiArgs } from "../provider/index.ts";
import type { ApiEndpoint } from "./api-endpoint.ts";
import type { Pki } from "./pki.ts";

/** What masters and workers of one cluster share. */
export interface ClusterArgs {
  /** Label `cluster` of every instance. */
  clusterName: string;
  /** Exoscale's API and zone. */
  api: ApiArgs;
  pki: Pki;
  endpoint: ApiEndpoint;
  /** Id of the template that instances are made from. */
  template: pulumi.Input<string>;
  /** What it is made of, so that workers outlive its registration. @default another id is another template */
  image?: pulumi.Input<string>;
  /**
   * The registered SSH key: its name in Exoscale and the resource behind it. Instances take the name as plain text, so
   * that none is replaced when the key is.
   */
  sshKey: { name: string; resource: pulumi.Resource };
  /** `cluster`: ready when the nodes are; `instances`: ready when the API says running, and no SSH. */
  waitFor: "cluster" | "instances";
}

/** What the machines of one pool share. */
export interface PoolArgs {
  /** Id of the pool's security group. */
  securityGroup: pulumi.Input<string>;
  /** Instance type, `family.size`. */
  type: string;
  /** Size of the disk in GiB. */
  diskSize: number;
  /** What reaches the nodes of the configuration; all of it is in their cloud-config. */
  settings: NodeSettings;
}

/** A node as the program's outputs show it. */
export interface Node {
  readonly name: string;
  readonly role: "master" | "worker";
  /** Public IPv4 address. */
  readonly address: pulumi.Output<string>;
  /** SSH host key, an OpenSSH public key line; two lines while it is replaced. */
  readonly hostKey: pulumi.Output<string>;
}
