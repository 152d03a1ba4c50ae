/** The part of Exoscale's API v2 that this program reads, by the schemas of its OpenAPI document. */

/** Where a resource lives. */
export interface Api {
  /** Base URL with the version, e.g. `https://api-ch-gva-2.exoscale.com/v2`. */
  readonly endpoint: string;
  /** e.g. `ch-gva-2`. */
  readonly zone: string;
}

export interface Reference {
  readonly id: string;
}

export type InstanceState =
  "expunging" | "starting" | "destroying" | "running" | "stopping" | "stopped" | "migrating" | "error" | "destroyed";

export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly state: InstanceState;
  readonly labels?: Readonly<Record<string, string>>;
  readonly "instance-type": Reference;
  readonly "public-ip"?: string;
  readonly "security-groups"?: readonly Reference[];
  readonly template?: Reference;
  // Not in lists.
  readonly "disk-size"?: number;
  readonly "elastic-ips"?: readonly Reference[];
  readonly "anti-affinity-groups"?: readonly Reference[];
  readonly "ssh-keys"?: readonly { readonly name: string }[];
  readonly "user-data"?: string;
}

export interface InstanceType {
  readonly id: string;
  readonly family: string;
  readonly size: string;
  /** False: the zone has it, and this account may not use it. */
  readonly authorized?: boolean;
}

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** ISO 8601. */
  readonly "created-at"?: string;
}

export interface SshKey {
  readonly name: string;
  readonly fingerprint: string;
}

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
}

export interface SecurityGroup extends Group {
  /** Omitted when there are none. */
  readonly rules?: readonly SecurityGroupRule[];
  /** CIDRs that count as members where a rule names the group as its peer. Omitted when there are none. */
  readonly "external-sources"?: readonly string[];
}

export type Protocol = "tcp" | "udp" | "icmp" | "icmpv6" | "esp" | "ah" | "gre" | "ipip";

export interface SecurityGroupRule {
  readonly id: string;
  readonly "flow-direction": "ingress" | "egress";
  readonly protocol: Protocol;
  readonly "start-port"?: number;
  readonly "end-port"?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly network?: string;
  readonly "security-group"?: Reference;
  readonly description?: string;
}

export interface ElasticIp {
  readonly id: string;
  readonly ip: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly healthcheck?: {
    readonly mode: "tcp" | "http" | "https";
    readonly port: number;
    readonly uri?: string;
    readonly interval?: number;
    readonly timeout?: number;
    readonly "strikes-ok"?: number;
    readonly "strikes-fail"?: number;
    readonly "tls-skip-verify"?: boolean;
  };
}
