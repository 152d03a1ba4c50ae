/** Every kind of problem there is, and how bad it is. docs/status.md has the same table; a test keeps the two in step. */

/** In words and, by their place here, as exit codes of a monitoring plugin. */
export const states = ["OK", "WARNING", "CRITICAL", "UNKNOWN"] as const;
export type State = (typeof states)[number];
export type Severity = Exclude<State, "OK">;

interface Kind {
  readonly severity: Severity;
  readonly meaning: string;
}

/** In the order in which they are worth mending. */
export const kinds = {
  "not-asked": {
    severity: "UNKNOWN",
    meaning: "nothing could be asked: no cluster, no way to the stack's outputs, wrong arguments",
  },
  "nothing-answers": { severity: "CRITICAL", meaning: "neither the API nor any node answers" },
  "etcd-no-quorum": { severity: "CRITICAL", meaning: "one of the etcds has no leader" },
  "etcd-alarm": { severity: "CRITICAL", meaning: "an etcd has raised an alarm, NOSPACE for one: it takes no writes" },
  "certificate-ended": { severity: "CRITICAL", meaning: "a certificate has ended" },
  "api-silent": { severity: "CRITICAL", meaning: "the API does not answer at the elastic IP" },
  "node-missing": { severity: "CRITICAL", meaning: "a node of the stack is not in the cluster" },
  "node-not-ready": {
    severity: "CRITICAL",
    meaning: "a node is not Ready, and not on its way down or up in good order",
  },
  "node-silent": {
    severity: "CRITICAL",
    meaning: "a node does not answer over SSH, and the API cannot say that it is well",
  },
  "apiserver-not-ready": { severity: "WARNING", meaning: "a master's apiserver is not ready" },
  "etcd-member": { severity: "WARNING", meaning: "a member of an etcd is not healthy; the others have a leader" },
  "etcd-membership": { severity: "WARNING", meaning: "an etcd's members are not the stack's masters" },
  "lock-unwell": {
    severity: "WARNING",
    meaning: "the reboot lock is held by a node that is not well: no other updates",
  },
  "lock-left": {
    severity: "WARNING",
    meaning: "the reboot lock is held by a Pulumi run that has ended, or by a machine that is no node",
  },
  "lock-long": { severity: "WARNING", meaning: "the reboot lock is held for more than an hour" },
  "lock-unknown": { severity: "WARNING", meaning: "no node can ask infra-etcd who holds the reboot lock" },
  "ssh-silent": { severity: "WARNING", meaning: "nodes that are Ready do not answer over SSH" },
  "node-unwell": { severity: "WARNING", meaning: "a node that is Ready says that something on it is not well" },
  "node-stays-drained": { severity: "WARNING", meaning: "a node drained itself, is well, and is not back in service" },
  "node-cordoned": { severity: "WARNING", meaning: "a node was cordoned by hand" },
  "node-stranger": { severity: "WARNING", meaning: "a node of the cluster is not in the stack" },
  "node-report": {
    severity: "WARNING",
    meaning: "a node answers over SSH and has no report, as one made by an older version",
  },
  "update-waits": { severity: "WARNING", meaning: "an update has waited for more than two days" },
  "update-unknown": { severity: "WARNING", meaning: "a node's update-engine does not answer: it gets no updates" },
  "window-short": { severity: "WARNING", meaning: "a reboot window has less than five minutes for each of its nodes" },
  "certificate-due": { severity: "WARNING", meaning: "a certificate is to be renewed" },
  "authority-due": {
    severity: "WARNING",
    meaning: "a certificate authority ends within the time in which leaves are renewed",
  },
  "versions-differ": { severity: "WARNING", meaning: "nodes run different versions of kubelet or etcd" },
} as const satisfies Record<string, Kind>;
export type KindName = keyof typeof kinds;

export interface Problem {
  readonly kind: KindName;
  readonly severity: Severity;
  /** To be read after `where`. */
  readonly what: string;
  /** Nodes, an etcd, or what else it is about. */
  readonly where: string;
  /** The command to type; where words are needed too, commands stand between backticks. */
  readonly todo: string;
}

export function problem(kind: KindName, where: string, what: string, todo: string): Problem {
  return { kind, severity: kinds[kind].severity, what, where, todo };
}

/** The worst first, then those to be mended first. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const names = Object.keys(kinds);
  return [...problems].sort(
    (a, b) => states.indexOf(b.severity) - states.indexOf(a.severity) || names.indexOf(a.kind) - names.indexOf(b.kind),
  );
}

/** What all of them come to. */
export function stateOf(problems: readonly Problem[]): State {
  return states[Math.max(0, ...problems.map(({ severity }) => states.indexOf(severity)))]!;
}
