/**
 * What the zone's rooms share. `api/` owns the inventory and changes it; `machines/` and `network/` make the containers
 * and the kernel match it.
 */

/** Exoscale's instance states that the zone knows (schema `instance-state`). */
export type InstanceState = "starting" | "running" | "stopping" | "stopped" | "destroying" | "destroyed" | "error";

export interface Instance {
  readonly id: string;
  readonly name: string;
  /** Public IPv4 address, kept for the instance's life; null with public-ip-assignment none. */
  readonly address: string | null;
  /** MAC address, locally administered, derived from the address. */
  readonly mac: string;
  readonly state: InstanceState;
  readonly template: string;
  /** `family.size`, e.g. `standard.medium`. */
  readonly type: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** GiB. */
  readonly diskSize: number;
  /** base64 as the API got it. */
  readonly userData?: string;
  /** OpenSSH public keys for the metadata service. */
  readonly publicKeys: readonly string[];
  readonly securityGroups: readonly string[];
  readonly elasticIps: readonly string[];
  readonly antiAffinityGroups: readonly string[];
  readonly privateNetworks: readonly Attachment[];
  /** Host name that reverse DNS has for its address, without the dot at its end. */
  readonly reverseDns?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** An instance's interface in a private network. */
export interface Attachment {
  readonly network: string;
  /** MAC address of the interface, locally administered. */
  readonly mac: string;
  /** The address that DHCP leases to it; absent in a network without a range. */
  readonly ip?: string;
}

/** First and last IPv4 address, both included, and the netmask of the network that they lie in. */
export interface AddressRange {
  readonly start: string;
  readonly end: string;
  readonly netmask: string;
}

export interface PrivateNetwork {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** The range that DHCP leases from; without it (an unmanaged network) guests choose their own addresses. */
  readonly range?: AddressRange;
  /** What DHCP hands out in addition to an address. */
  readonly options?: DhcpOptions;
  readonly labels: Readonly<Record<string, string>>;
}

/** IPv4 addresses, and domains to search; a list that is absent is not handed out. */
export interface DhcpOptions {
  readonly routers?: readonly string[];
  readonly dnsServers?: readonly string[];
  readonly ntpServers?: readonly string[];
  readonly domainSearch?: readonly string[];
}

export interface Rule {
  readonly id: string;
  readonly direction: "ingress" | "egress";
  readonly protocol: "tcp" | "udp" | "icmp" | "icmpv6" | "esp" | "ah" | "gre" | "ipip";
  readonly startPort?: number;
  readonly endPort?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** CIDR peer. */
  readonly network?: string;
  /** Peer by security group id; `healthCheckSources.id` is one too. */
  readonly securityGroup?: string;
  readonly description?: string;
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** CIDRs that count as members where the group is a peer. */
  readonly externalSources?: readonly string[];
  readonly rules: readonly Rule[];
}

/**
 * Exoscale's public group of the addresses that health checks come from: security groups filter those like any other
 * traffic, so the holders of a managed elastic IP must admit this group. It always exists and has no rules.
 */
export const healthCheckSources = {
  id: "5f0e4cf4-4c1f-5c0a-9a0d-0f6f7c1f2b10",
  name: "public-nlb-healthcheck-sources",
} as const;

export interface HealthCheck {
  readonly mode: "tcp" | "http" | "https";
  readonly port: number;
  readonly uri?: string;
  /** Seconds. */
  readonly interval: number;
  /** Seconds. */
  readonly timeout: number;
  readonly strikesOk: number;
  readonly strikesFail: number;
  readonly tlsSkipVerify?: boolean;
  readonly tlsSni?: string;
}

export interface ElasticIp {
  readonly id: string;
  readonly address: string;
  readonly description?: string;
  readonly healthcheck?: HealthCheck;
  /** Host name that reverse DNS has for it, without the dot at its end. */
  readonly reverseDns?: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Template {
  readonly id: string;
  readonly name: string;
  /** OCI image reference in the Docker Engine once imported. */
  readonly image?: string;
}

/** What exists in the zone, as far as machines and network act on it: the desired state. */
export interface Inventory {
  readonly instances: ReadonlyMap<string, Instance>;
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  readonly elasticIps: ReadonlyMap<string, ElasticIp>;
  readonly templates: ReadonlyMap<string, Template>;
  readonly privateNetworks: ReadonlyMap<string, PrivateNetwork>;
}

/** Boots and removes machines. Every call is idempotent and rejects with an Error whose message a user can act on. */
export interface Machines {
  /** Checks the host and the engine, starting one if none runs. Call it once, before anything else. */
  open(): Promise<void>;
  /** Downloads `url`, verifies the MD5 and imports it; resolves with the template's size in bytes. */
  importTemplate(template: Template, url: string, md5: string): Promise<number>;
  deleteTemplate(template: Template): Promise<void>;
  create(instance: Instance, template: Template): Promise<void>;
  start(instance: Instance): Promise<void>;
  /** Clean shutdown of the guest, bounded; then a power cut. */
  stop(instance: Instance): Promise<void>;
  reboot(instance: Instance): Promise<void>;
  /** Power cut and a fresh disk from the template; the machine is off afterwards. */
  reset(instance: Instance, template: Template): Promise<void>;
  destroy(instance: Instance): Promise<void>;
  /** Makes a running guest's private interfaces those of `instance.privateNetworks`; `start` does so itself. */
  plug(instance: Instance): Promise<void>;
  /** Cuts the power without the API's knowledge; the instance's state becomes stopped. */
  kill(instance: Instance): Promise<void>;
  /** Hangs a running machine, as a crashed kernel would: it stays `running` and answers nothing until `resume`. */
  pause(instance: Instance): Promise<void>;
  resume(instance: Instance): Promise<void>;
  /** Has the guest's update-engine announce the OS version `version`; the guest runs it after its next reboot. */
  announceUpdate(instance: Instance, version: string): Promise<void>;
  /** What the guest has written to its console, oldest first, at most the last 64 KiB. */
  consoleLog(instance: Instance): Promise<string>;
  /**
   * Calls back when a guest changed its own state (power-off; a guest's reboot stays running). Registered before open(), it
   * also reports guests that powered themselves off while no daemon ran.
   */
  onChange(callback: (instanceId: string, state: "running" | "stopped") => void): void;
  /** Leaves machines as they are; with `remove` removes everything, including the engine that open() started. */
  close(options?: { remove?: boolean }): Promise<void>;
}

/** Bridge, rules, elastic IPs, metadata, DNS. */
export interface Network {
  /**
   * Must run before a machine may start: creates private networks and blocks all traffic of instances until `open` has
   * loaded the rules. Rules of an earlier daemon stay in force. `open` calls it if needed.
   */
  prepare(): Promise<void>;
  open(): Promise<void>;
  /**
   * Makes the kernel, the resolver and the health checks match the inventory; resolves when they do. Calls are serialized
   * and coalesced.
   */
  apply(): Promise<void>;
  /** Whether a holder of a managed elastic IP passes its health check; undefined where nothing is checked. */
  isHealthy(elasticIp: string, instance: string): boolean | undefined;
  /**
   * Stops the network's processes. If there are instances the rules stay in force, since machines may still run; otherwise
   * nothing stays.
   */
  release(): Promise<void>;
  /** Removes everything, also what an earlier daemon has left. */
  close(): Promise<void>;
}
