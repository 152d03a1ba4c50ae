/**
 * How a node is spoken to: the scripts that its cloud-config puts there (`ignition/files/`), how they are called and how
 * they end. Imports nothing, so that everything may import it.
 */

/** Where a node's scripts are. A tmpfs that may be mounted noexec, so bash is given their paths. */
export const scriptDirectory = "/run/kubernetes/bin";

/** The scripts that are called from outside a node. */
export type Script = "health" | "node-join" | "node-remove" | "reboot-lock" | "wait-ready";

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

/**
 * A command line for a master that frees the pod network of a node that is removed: its flannel lease in infra-etcd, which
 * would stay for a day. Does nothing while the API has a node with that address, or cannot be asked. Not a script either.
 */
export function releaseNetworkCommand(address: string): string {
  const ask = (verb: string, data: string) => `infra 127.0.0.1 kv/${verb} "${data}"`;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const subnets = "/coreos.com/network/subnets";
  // All keys that begin with the first: 0 follows /.
  const range = `{\\"key\\": \\"${base64(`${subnets}/`)}\\", \\"range_end\\": \\"${base64(`${subnets}0`)}\\"}`;
  const script = [
    `source ${scriptDirectory}/common`,
    "set -o pipefail",
    // A master of an earlier release has none, and its infra-etcd no users.
    `infra() { call infra-etcd infra-etcd "https://$1:$INFRA_ETCD_PORT/v3/$2" --data "$3"; }`,
    `[[ ! -e ${scriptDirectory}/infra ]] || source ${scriptDirectory}/infra`,
    `api /api/v1/nodes | jq --exit-status "all(.items[].status.addresses[]?; .address != \\"${address}\\")" > /dev/null || exit 0`,
    `for key in $(${ask("range", range)} | jq --raw-output ".kvs[]? | select(.value | @base64d | fromjson.PublicIP == \\"${address}\\").key")`,
    `do ${ask("deleterange", `{\\"key\\": \\"$key\\"}`)} > /dev/null && echo "the pod network of ${address} is free"; done`,
  ];
  return `sudo bash -c '${script.join("; ")}'`;
}

/** How the scripts end, besides 0 for success; the values are those of sysexits.h. */
export const exitCode = {
  /** EX_UNAVAILABLE: infra-etcd does not answer. */
  unavailable: 69,
  /** EX_TEMPFAIL: the reboot lock is held by another. */
  held: 75,
} as const;

/** Annotation of a Node object, with the time since when: the node drained itself to go down, and is not back in service. */
export const drainAnnotation = "kubernetes-on-exoscale/drained";

/** Annotation of an add-on's Deployment: how many replicas it was made with, whatever it is scaled to. */
export const replicasAnnotation = "kubernetes-on-exoscale/replicas";
