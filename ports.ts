/**
 * Every port that a node listens on, and who may connect, one row per reason. Units, manifests, security groups and
 * docs/ports.md take their numbers from here.
 */

/** Who may connect: a group of nodes, the networks that the setting of that name lists, or everybody. */
export type Source = "masters" | "workers" | "sshSources" | "apiSources" | "nodePortSources" | "anywhere";
/** Nodes that share a security group. */
export type Group = "masters" | "workers";

export const ports = {
  ssh: 22,
  apiserver: 6443,
  apiHealth: 6444,
  etcdClient: 2379,
  etcdPeer: 2380,
  infraEtcdClient: 4001,
  infraEtcdPeer: 7001,
  kubelet: 10250,
  vxlan: 8472,
  dhcpClient: 68,
  nodePortFirst: 30000,
  nodePortLast: 32767,
  // On loopback only: no rule opens these.
  haproxy: 6443,
  etcdMetrics: 2381,
  infraEtcdMetrics: 4002,
  kubeletHealthz: 10248,
  proxyMetrics: 10249,
  proxyHealthz: 10256,
  controllerManager: 10257,
  scheduler: 10259,
} as const;

/** A port of which a node's own programs need every packet. */
export interface OwnPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** The program that listens. */
  readonly listener: string;
  /** Why pods may connect. Absent: they may not, from any node. */
  readonly pods?: string;
}

const own = (port: number, listener: string, protocol: "tcp" | "udp" = "tcp"): OwnPort => ({
  port,
  protocol,
  listener,
});
const ownForPods = (port: number, listener: string, pods: string): OwnPort => ({ ...own(port, listener), pods });

const onEveryNode = [
  own(ports.ssh, "sshd"),
  own(ports.dhcpClient, "systemd-networkd", "udp"),
  own(ports.vxlan, "flannel", "udp"),
  own(ports.kubeletHealthz, "kubelet"),
  own(ports.proxyMetrics, "kube-proxy"),
  own(ports.kubelet, "kubelet"),
  own(ports.proxyHealthz, "kube-proxy"),
];

/**
 * What no pod may have of a node: with one of these as `hostPort`, or in the host's network, it would take over the
 * node's way to the API, its SSH or its health. The pod of kube-proxy, which runs on every node, has them all as its own,
 * so that scheduler and kubelet know.
 */
export const ownPorts: Readonly<Record<Group, readonly OwnPort[]>> = {
  masters: [
    ...onEveryNode,
    own(ports.etcdClient, "kubernetes-etcd"),
    own(ports.etcdPeer, "kubernetes-etcd"),
    own(ports.etcdMetrics, "kubernetes-etcd"),
    own(ports.infraEtcdClient, "infra-etcd"),
    own(ports.infraEtcdMetrics, "infra-etcd"),
    own(ports.apiHealth, "api-health"),
    ownForPods(ports.apiserver, "kube-apiserver", "the kubernetes Service leads there"),
    own(ports.infraEtcdPeer, "infra-etcd"),
    own(ports.controllerManager, "kube-controller-manager"),
    own(ports.scheduler, "kube-scheduler"),
  ],
  workers: [...onEveryNode, own(ports.haproxy, "haproxy")],
};

/** The ports of a node's own that its firewall closes to pods and to the overlay network. */
export const closedToPods = (group: Group, protocol: "tcp" | "udp"): number[] =>
  ownPorts[group].filter((own) => own.protocol === protocol && own.pods === undefined).map(({ port }) => port);

/** One opening in the nodes' security groups. */
export interface Opening {
  /** The nodes whose port it is. */
  readonly on: Group;
  /** Who may connect. */
  readonly from: Source;
  readonly protocol: "tcp" | "udp";
  /** First port of the range. */
  readonly first: number;
  /** Last port, the same as `first` for a single one. */
  readonly last: number;
  /** The program that listens. */
  readonly listener: string;
  /** Why it is open; part of the rule's description in Exoscale. */
  readonly why: string;
}

const open = (
  on: Group,
  from: Source,
  protocol: "tcp" | "udp",
  port: number | readonly [number, number],
  listener: string,
  why: string,
): Opening => {
  const [first, last] = typeof port === "number" ? [port, port] : port;
  return { on, from, protocol, first, last, listener, why };
};

const nodePorts = [ports.nodePortFirst, ports.nodePortLast] as const;

export const openings: readonly Opening[] = [
  open("masters", "sshSources", "tcp", ports.ssh, "sshd", "operators and pulumi reach the node"),
  open("workers", "sshSources", "tcp", ports.ssh, "sshd", "operators and pulumi reach the node"),
  open("masters", "apiSources", "tcp", ports.apiserver, "kube-apiserver", "people and pulumi use the API"),
  open(
    "masters",
    "anywhere",
    "tcp",
    ports.apiHealth,
    "api-health",
    "the elastic IP's health checks connect while the apiserver is ready",
  ),
  open(
    "masters",
    "masters",
    "tcp",
    ports.apiserver,
    "kube-apiserver",
    "pods on a master reach every apiserver through the kubernetes Service",
  ),
  open(
    "masters",
    "workers",
    "tcp",
    ports.apiserver,
    "kube-apiserver",
    "haproxy and pods on a worker reach every apiserver",
  ),
  open("masters", "masters", "tcp", ports.etcdPeer, "kubernetes-etcd", "members replicate"),
  open(
    "masters",
    "masters",
    "tcp",
    ports.etcdClient,
    "kubernetes-etcd",
    "a replaced member asks the living ones to join",
  ),
  open("masters", "masters", "tcp", ports.infraEtcdPeer, "infra-etcd", "members replicate"),
  open(
    "masters",
    "masters",
    "tcp",
    ports.infraEtcdClient,
    "infra-etcd",
    "flanneld and locksmithd of a master use every member",
  ),
  open(
    "masters",
    "workers",
    "tcp",
    ports.infraEtcdClient,
    "infra-etcd",
    "flanneld and locksmithd of a worker use every member",
  ),
  open("masters", "masters", "tcp", ports.kubelet, "kubelet", "apiservers fetch logs and open exec and port-forward"),
  open("workers", "masters", "tcp", ports.kubelet, "kubelet", "apiservers fetch logs and open exec and port-forward"),
  open("masters", "masters", "udp", ports.vxlan, "flannel", "pod traffic between nodes"),
  open("masters", "workers", "udp", ports.vxlan, "flannel", "pod traffic between nodes"),
  open("workers", "masters", "udp", ports.vxlan, "flannel", "pod traffic between nodes"),
  open("workers", "workers", "udp", ports.vxlan, "flannel", "pod traffic between nodes"),
  open("workers", "nodePortSources", "tcp", nodePorts, "kube-proxy", "Services of type NodePort"),
  open("workers", "nodePortSources", "udp", nodePorts, "kube-proxy", "Services of type NodePort"),
  ...(["masters", "workers"] as const).flatMap((on) =>
    (["masters", "workers"] as const).flatMap((from) =>
      (["tcp", "udp"] as const).map((protocol) =>
        open(on, from, protocol, nodePorts, "kube-proxy", "pods reach a NodePort of every node"),
      ),
    ),
  ),
];
