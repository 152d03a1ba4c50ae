/**
 * What `npm run status -- --json` prints; docs/status.md describes it. Times are ISO 8601 in UTC. What could not be
 * asked is null. A change that a reader of version 1 would not survive makes it version 2.
 */
import type { Role } from "./answers.ts";
import type { Problem, State } from "./problems.ts";

export interface Status extends Facts {
  readonly version: 1;
  /** The worst of all problems. */
  readonly state: State;
  /** The worst first; none when all is well. */
  readonly problems: readonly Problem[];
}

/** What is the case, without any opinion. */
export interface Facts {
  /** The stack's name; null when there is none to ask. */
  readonly cluster: string | null;
  readonly at: string;
  readonly api: ApiFacts | null;
  readonly nodes: readonly NodeFacts[];
  readonly etcds: { readonly kubernetes: EtcdFacts; readonly infra: EtcdFacts } | null;
  readonly lock: LockFacts;
  /** When nodes of a role may reboot for an update, by the word of the first that answers. */
  readonly windows: { readonly masters: WindowFacts | null; readonly workers: WindowFacts | null };
  /** Every certificate on every node and the one in the kubeconfig, the soonest to end first. */
  readonly certificates: readonly CertificateFacts[];
}

export interface ApiFacts {
  /** Its URL at the elastic IP. */
  readonly endpoint: string;
  readonly answers: boolean;
  /** Why it does not. */
  readonly silence: string | null;
}

export interface NodeFacts {
  readonly name: string;
  readonly role: Role;
  readonly address: string | null;
  /** False for a node that is in the cluster only. */
  readonly inStack: boolean;
  /** By the API; Missing when it knows no such node, Unknown when it was not to be asked. */
  readonly state: "Ready" | "NotReady" | "Missing" | "Unknown";
  readonly stateSince: string | null;
  /** What the API says of a node that is not Ready. */
  readonly stateReason: string | null;
  /** Over SSH; null for a node that is not in the stack, which nobody has a key for. */
  readonly answers: boolean | null;
  /** Why it does not answer, or answers without a report. */
  readonly silence: string | null;
  /** On its way down or up in good order: within the usual time, drained by itself or with the reboot lock. */
  readonly isRestarting: boolean;
  /** `by` is "itself", or the program that did it as the API knows it, such as kubectl. */
  readonly cordoned: { readonly by: string; readonly since: string | null } | null;
  readonly kubelet: string | null;
  readonly osVersion: string | null;
  readonly upSince: string | null;
  /** What the node's own `bin/health` finds wrong. */
  readonly problems: readonly string[];
  readonly update: UpdateFacts | null;
}

export interface UpdateFacts {
  /** update-engine's own word; `UPDATE_STATUS_UPDATED_NEED_REBOOT` waits for a reboot. */
  readonly status: string;
  readonly version: string | null;
  readonly since: string | null;
  /** Why the node does not go down for it, while its window is open. */
  readonly waitsFor: string | null;
}

export interface EtcdFacts {
  readonly name: "kubernetes-etcd" | "infra-etcd";
  /** Null when those masters that answer cannot tell. */
  readonly hasQuorum: boolean | null;
  /** The leader's name. */
  readonly leader: string | null;
  /** One for each master, then whoever else is a member. */
  readonly members: readonly MemberFacts[];
}

export interface MemberFacts {
  /** The master's name; empty for a member that was added and never started. */
  readonly name: string;
  /** Null when its master did not tell. */
  readonly isHealthy: boolean | null;
  /** Whether the cluster counts it as a member. */
  readonly isMember: boolean | null;
  readonly isLearner: boolean | null;
  readonly version: string | null;
  /** Bytes. */
  readonly dbSize: number | null;
  readonly alarms: readonly string[];
}

export interface LockFacts {
  /** False when no node that answers could ask infra-etcd. */
  readonly isKnown: boolean;
  readonly holders: readonly HolderFacts[];
  /** Whether a Pulumi run works on this stack; null where that cannot be known here. */
  readonly isPulumiRunning: boolean | null;
}

export interface HolderFacts {
  /** As the lock has it: a node's machine-id, or `NAME since TIME`. */
  readonly id: string;
  /** The node's name, or NAME; the id where it is nobody's. */
  readonly name: string;
  /** The node's name when it is a node. */
  readonly node: string | null;
  readonly since: string | null;
}

export interface WindowFacts {
  /** `HH:MM` in the time zone. */
  readonly start: string;
  readonly end: string;
  /** Seconds. */
  readonly length: number;
  readonly timeZone: string;
  readonly isOpen: boolean;
  /** When it opens next; null when it is always open. */
  readonly opens: string | null;
}

export interface CertificateFacts {
  /** The node's name, or kubeconfig. */
  readonly where: string;
  readonly name: string;
  readonly notAfter: string;
  /** Whole days; negative when it has ended. */
  readonly daysLeft: number;
  /** Within the time before its end in which `pulumi up` renews it. Authorities are never renewed by themselves. */
  readonly isDue: boolean;
}
