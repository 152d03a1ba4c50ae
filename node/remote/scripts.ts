/**
 * How a node is spoken to: the scripts that its cloud-config puts there (`ignition/files/`), how they are called and how
 * they end. Imports nothing, so that everything may import it.
 */

/** Where a node's scripts are. A tmpfs that may be mounted noexec, so bash is given their paths. */
export const scriptDirectory = "/run/kubernetes/bin";

/** The scripts that are called from outside a node. */
export type Script = "health" | "node-join" | "node-remove" | "reboot-lock" | "report" | "wait-ready";

export const scriptPath = (name: Script): string => `${scriptDirectory}/${name}`;

/** A command line that runs one of a node's scripts as root. Arguments are not quoted. */
export const scriptCommand = (name: Script, ...args: readonly string[]): string =>
  ["sudo bash", scriptPath(name), ...args].join(" ");

/**
 * A command line for a master that prints the status of a node's `Ready` condition, `True`, `False` or `Unknown`, and
 * something else if the Kubernetes API does not answer. Not a script of its own, so that nodes of earlier releases have it.
 */
export const readyCommand = (node: string): string =>
  `sudo bash -c 'source ${scriptDirectory}/common && api /api/v1/nodes/${node}' | ` +
  `jq --raw-output '.status.conditions[] | select(.type == "Ready").status'`;

/** How the scripts end, besides 0 for success; the values are those of sysexits.h. */
export const exitCode = {
  /** EX_UNAVAILABLE: infra-etcd does not answer. */
  unavailable: 69,
  /** EX_TEMPFAIL: the reboot lock is held by another. */
  held: 75,
} as const;

/** Annotation of a Node object, with the time since when: the node drained itself to go down, and is not back in service. */
export const drainAnnotation = "kubernetes-on-exoscale/drained";
