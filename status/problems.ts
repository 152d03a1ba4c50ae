/** Every kind of problem, and how severe it is. docs/status.md has the same table; a test compares the two. */

/** As a monitoring plugin names them; the index is its exit code. */
export const states = ["OK", "WARNING", "CRITICAL", "UNKNOWN"] as const;
export type State = (typeof states)[number];
export type Severity = Exclude<State, "OK">;

/** In the order in which they are worth fixing. */
export const problemKinds = {
  "not-asked": {
    severity: "UNKNOWN",
    meaning: "status could not ask: no cluster, no access to the stack's outputs, wrong arguments",
  },
  "nothing-answers": { severity: "CRITICAL", meaning: "neither the API nor any node answers" },
  "etcd-no-quorum": { severity: "CRITICAL", meaning: "one of the etcds has no leader" },
  "etcd-alarm": { severity: "CRITICAL", meaning: "an etcd has raised an alarm such as NOSPACE: it refuses writes" },
  "certificate-ended": { severity: "CRITICAL", meaning: "a certificate has expired" },
  "api-silent": { severity: "CRITICAL", meaning: "the API does not answer at the elastic IP" },
  "writes-refused": {
    severity: "CRITICAL",
    meaning: "a webhook, a policy, a quota or a limit refuses what nodes or the control plane have to write",
  },
  "node-missing": { severity: "CRITICAL", meaning: "a node of the stack is not in the cluster" },
  "node-not-ready": { severity: "CRITICAL", meaning: "a node is not Ready and not restarting normally" },
  "node-silent": {
    severity: "CRITICAL",
    meaning: "a node does not answer over SSH, and the API cannot say whether it is Ready",
  },
  "dns-silent": { severity: "CRITICAL", meaning: "nodes get no answer from the cluster's DNS" },
  "api-unsteady": { severity: "WARNING", meaning: "the API at the elastic IP is not ready on some connections" },
  "apiserver-not-ready": { severity: "WARNING", meaning: "a master's apiserver is not ready" },
  "etcd-member": { severity: "WARNING", meaning: "a member of an etcd is unhealthy; the others have a leader" },
  "etcd-membership": { severity: "WARNING", meaning: "an etcd's members are not the stack's masters" },
  "lock-unwell": {
    severity: "WARNING",
    meaning: "an unhealthy node holds the reboot lock: no other node gets its update",
  },
  "lock-left": {
    severity: "WARNING",
    meaning: "a Pulumi run that has ended, or a machine that is not a node, holds the reboot lock",
  },
  "lock-long": { severity: "WARNING", meaning: "the reboot lock has been held for more than an hour" },
  "lock-unknown": { severity: "WARNING", meaning: "no node can read from infra-etcd who holds the reboot lock" },
  "ssh-silent": { severity: "WARNING", meaning: "nodes that are Ready do not answer over SSH" },
  "addon-short": { severity: "WARNING", meaning: "an add-on has fewer replicas than it should have" },
  "node-unwell": { severity: "WARNING", meaning: "a node is unhealthy by its own report" },
  "node-stays-drained": {
    severity: "WARNING",
    meaning: "a node drained itself, is healthy, and is not back in service",
  },
  "node-cordoned": { severity: "WARNING", meaning: "an operator or another program cordoned a node" },
  "node-stranger": { severity: "WARNING", meaning: "a node of the cluster is not in the stack" },
  "node-report": {
    severity: "WARNING",
    meaning: "a node answers over SSH but has no report: it runs an older configuration",
  },
  "update-waits": { severity: "WARNING", meaning: "an update has been pending for more than two days" },
  "update-unknown": { severity: "WARNING", meaning: "a node's update-engine does not answer: it gets no updates" },
  "window-short": { severity: "WARNING", meaning: "a reboot window has less than five minutes per node" },
  "certificate-due": { severity: "WARNING", meaning: "a certificate is due for renewal" },
  "authority-due": {
    severity: "WARNING",
    meaning: "a certificate authority expires within `renewBefore`",
  },
  "versions-differ": { severity: "WARNING", meaning: "nodes run different versions of kubelet or etcd" },
} as const satisfies Record<string, { readonly severity: Severity; readonly meaning: string }>;
export type ProblemKind = keyof typeof problemKinds;

export interface Problem {
  readonly kind: ProblemKind;
  readonly severity: Severity;
  /** One clause, read after `where`. */
  readonly what: string;
  /** The nodes, the etcd or the other part it concerns. */
  readonly where: string;
  /** The command to run; in a sentence, commands are between backticks. */
  readonly todo: string;
}

export function problem(kind: ProblemKind, where: string, what: string, todo: string): Problem {
  return { kind, severity: problemKinds[kind].severity, what, where, todo };
}

/** The most severe first, then in the order of `problemKinds`. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const kinds = Object.keys(problemKinds);
  return [...problems].sort(
    (a, b) => states.indexOf(b.severity) - states.indexOf(a.severity) || kinds.indexOf(a.kind) - kinds.indexOf(b.kind),
  );
}

/** The most severe state of all problems. */
export function worstOf(problems: readonly Problem[]): State {
  return states[Math.max(0, ...problems.map(({ severity }) => states.indexOf(severity)))]!;
}
