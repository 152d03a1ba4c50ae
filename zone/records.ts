/** What the zone keeps of each thing: the inventory's shapes (types.ts) plus what only the API's answers need. */
import type { ElasticIp, Instance, PrivateNetwork, SecurityGroup, Template } from "./types.ts";

export interface InstanceRecord extends Instance {
  /** Names of SSH keys, as given at creation. */
  sshKeys: string[];
  /** Becomes true with the first start. */
  started: boolean;
  /** add-protection: refuses to be deleted. */
  protected: boolean;
  publicIpAssignment: "inet4" | "none";
  /** Of the default user, in templates that have one; told for a day. */
  password?: { readonly text: string; readonly setAt: string };
  /** Its last boot was struck by the fault `never-boots`: the API says running, and there is no guest. */
  unbooted?: boolean;
  /** The last OS version that its update-engine was told of. */
  announcedVersion?: string;
}

export type SecurityGroupRecord = SecurityGroup;

export interface PrivateNetworkRecord extends PrivateNetwork {
  /** VXLAN id: a number that tells networks apart, 1 to 2^24 - 1. */
  readonly vni: number;
}

export interface ElasticIpRecord extends ElasticIp {
  readonly createdAt: string;
}

export interface TemplateRecord extends Template {
  name: string;
  description?: string;
  readonly url: string;
  /** MD5, 32 hex digits. */
  readonly checksum: string;
  /** Bytes; 0 until imported. */
  size: number;
  readonly sshKeyEnabled: boolean;
  readonly passwordEnabled: boolean;
  readonly bootMode: "legacy" | "uefi";
  readonly defaultUser?: string;
  readonly maintainer?: string;
  readonly build?: string;
  readonly version?: string;
  readonly createdAt: string;
  /** True once downloaded, verified and imported. */
  imported: boolean;
}

export interface SshKeyRecord {
  /** The key's name: the API knows SSH keys by nothing else. */
  readonly id: string;
  /** MD5 of the key's blob, sixteen hex pairs with colons. */
  readonly fingerprint: string;
  readonly publicKey: string;
}

export interface AntiAffinityGroupRecord {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
}

/** Values of the document's schema `operation`. */
export type OperationState = "pending" | "success" | "failure";
export type OperationReason = "fault" | "conflict" | "busy" | "not-found" | "incorrect" | "interrupted";

/** A thing by its id and the first segment of its route, e.g. `security-group`. */
export interface Reference {
  readonly type: string;
  readonly id: string;
}

export interface OperationRecord {
  readonly id: string;
  /** The route's operation id, e.g. `create-instance`: names the work to do, also after a restart. */
  readonly command: string;
  /** What the operation is about; those of SSH keys, which have no id, name nothing. */
  readonly reference?: Reference;
  /** What the work needs beyond the reference. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  state: OperationState;
  reason?: OperationReason;
  message?: string;
  /** Stays pending for ever, by a fault asked for. */
  stuck?: boolean;
  /** Fails without having done anything, by a fault asked for. */
  doomed?: boolean;
  /** Succeeds, and the guest that it starts never boots, by a fault asked for. */
  bootless?: boolean;
}

/** A mutation that was asked for, in the words of `GET /event`. */
export interface EventRecord {
  /** The event's `request-id`. */
  readonly id: string;
  readonly timestamp: string;
  /** The route's operation id. */
  readonly handler: string;
  readonly message: string;
  readonly uri: string;
  /** HTTP status. */
  readonly status: number;
  readonly "elapsed-ms": number;
  readonly "source-ip": string;
  readonly "path-params": object;
  readonly "get-params": object;
  /** Without user-data, which holds private keys. */
  readonly "body-params": object;
}

/** Every kind of record by the name of its table. */
export interface Records {
  instances: InstanceRecord;
  securityGroups: SecurityGroupRecord;
  elasticIps: ElasticIpRecord;
  privateNetworks: PrivateNetworkRecord;
  templates: TemplateRecord;
  sshKeys: SshKeyRecord;
  antiAffinityGroups: AntiAffinityGroupRecord;
  operations: OperationRecord;
  events: EventRecord;
}
