/**
 * Every port that a node listens on, and who may connect, one row per reason. Units, manifests, security groups and
 * docs/ports.md take their numbers from here.
 */

/** Who may connect: a group of nodes, or the networks that the setting of that name lists. */
export type Source = "masters" | "workers" | "sshSources" | "apiSources" | "nodePortSources";
/** Nodes that share a security group. */
export type Group = "masters" | "workers";

export const ports = {
  ssh: 22,
  apiserver: 6443,
  etcdClient: 2379,
  etcdPeer: 2380,
  infraEtcdClient: 4001,
  infraEtcdPeer: 7001,
  kubelet: 10250,
  vxlan: 8472,
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
  open(
    "masters",
    "apiSources",
    "tcp",
    ports.apiserver,
    "kube-apiserver",
    "people, pulumi and the elastic IP's health checks use the API",
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
];
