/**
 * What `npm run status -- --json` prints; described in docs/status.md. Times are ISO 8601 in UTC; null means unknown.
 * A change that breaks readers of version 1 makes it version 2.
 */
import type { Deployment, DnsAnswer, Refusal, Role } from "./answers.ts";
import type { Problem, State } from "./problems.ts";

export interface Status extends Facts {
  readonly version: 1;
  /** The most severe state of all problems. */
  readonly state: State;
  /** The most severe first. */
  readonly problems: readonly Problem[];
}

/** The state of a cluster, not yet judged. */
export interface Facts {
  /** The stack's name; null if there is no cluster. */
  readonly cluster: string | null;
  readonly at: string;
  readonly api: ApiFacts | null;
  /** The Deployments of the add-ons; null if the API does not say. */
  readonly addons: readonly Deployment[] | null;
  /** What the API refuses of that which nodes and the control plane have to write. */
  readonly refusals: readonly Refusal[];
  readonly nodes: readonly NodeFacts[];
  readonly etcds: { readonly kubernetes: EtcdFacts; readonly infra: EtcdFacts } | null;
  readonly lock: LockFacts;
  /** When nodes of a role may reboot for an update, as the first that answers reports it. */
  readonly windows: { readonly masters: WindowFacts | null; readonly workers: WindowFacts | null };
  /** Every certificate of every node and of the kubeconfig, the first to expire first. */
  readonly certificates: readonly CertificateFacts[];
}

export interface ApiFacts {
  /** Its URL at the elastic IP. */
  readonly endpoint: string;
  readonly answers: boolean;
  /** Why it does not answer. */
  readonly silence: string | null;
  /** Connections on which `/readyz` was asked, and what came on those where it did not say so. */
  readonly connections: number;
  readonly failures: readonly string[];
}

export interface NodeFacts {
  readonly name: string;
  readonly role: Role;
  readonly address: string | null;
  /** False for a node that only the cluster has. */
  readonly inStack: boolean;
  /** As the API reports it; Missing if the API has no such node, Unknown if the API does not answer. */
  readonly state: "Ready" | "NotReady" | "Missing" | "Unknown";
  readonly stateSince: string | null;
  /** The message of its Ready condition, if it is not Ready. */
  readonly stateReason: string | null;
  /** Whether it answers over SSH; null for a node that is not in the stack, whose host key is unknown. */
  readonly answers: boolean | null;
  /** Why it does not answer, or why it has no report. */
  readonly silence: string | null;
  /** Whether the cluster's DNS answers this node; null if the node could not ask. */
  readonly dns: DnsAnswer | null;
  /** Restarting normally: it drained itself or holds the reboot lock, and takes no longer than usual. */
  readonly isRestarting: boolean;
  /** `by` is "itself" for a node that drained itself, otherwise the field manager of the cordon, such as kubectl. */
  readonly cordoned: { readonly by: string; readonly since: string | null } | null;
  readonly kubelet: string | null;
  readonly osVersion: string | null;
  readonly upSince: string | null;
  /** Lines of the node's `bin/health`. */
  readonly problems: readonly string[];
  readonly update: UpdateFacts | null;
}

export interface UpdateFacts {
  /** As update-engine reports it; `UPDATE_STATUS_UPDATED_NEED_REBOOT` for an update that needs a reboot. */
  readonly status: string;
  readonly version: string | null;
  readonly since: string | null;
  /** Why the node does not reboot for it although its window is open. */
  readonly waitsFor: string | null;
}

export interface EtcdFacts {
  readonly name: "kubernetes-etcd" | "infra-etcd";
  /** Null if the masters that answer cannot tell. */
  readonly hasQuorum: boolean | null;
  /** The leader's master. */
  readonly leader: string | null;
  /** One for each master, then all other members. */
  readonly members: readonly MemberFacts[];
}

export interface MemberFacts {
  /** The master's name; empty for a member that was added and never started. */
  readonly name: string;
  /** Null if its master does not answer. */
  readonly isHealthy: boolean | null;
  /** Whether the etcd lists it as a member. */
  readonly isMember: boolean | null;
  readonly isLearner: boolean | null;
  readonly version: string | null;
  /** Bytes. */
  readonly dbSize: number | null;
  readonly alarms: readonly string[];
}

export interface LockFacts {
  /** False if no node could read the lock from infra-etcd. */
  readonly isKnown: boolean;
  readonly holders: readonly HolderFacts[];
  /** Whether a Pulumi run is active on this stack; null if this machine cannot tell. */
  readonly isPulumiRunning: boolean | null;
}

export interface HolderFacts {
  /** As stored in the lock: a node's machine-id, or `NAME since TIME`. */
  readonly id: string;
  /** The node's name, or NAME; the id if no node has it. */
  readonly name: string;
  /** The node's name, if it is a node. */
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
  /** When it opens next; null for one that is always open. */
  readonly opens: string | null;
}

export interface CertificateFacts {
  /** The node's name, or kubeconfig. */
  readonly where: string;
  readonly name: string;
  readonly notAfter: string;
  /** Whole days until it expires; negative once it has. */
  readonly daysLeft: number;
  /** Expires within `renewBefore`. `pulumi up` then renews it, unless it is an authority. */
  readonly isDue: boolean;
}
