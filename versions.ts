/**
 * Everything that runs on a node: its version, where upstream publishes it, and its checksum.
 *
 * Addresses have no scheme: upstream is `https://` + address, a mirror is its own base + `/` + address. Checksums are
 * upstream's; with the setting `mirror.checksums` those of the mirror's manifest apply instead.
 */

export const kubernetes = "v1.36.4";

/** A file that a node downloads and verifies before use. */
export interface NodeFile {
  /** Version as upstream writes it. */
  readonly version: string;
  /** Upstream's address without the scheme. */
  readonly address: string;
  /** Upstream's, in hex. */
  readonly sha256: string;
}

export const files = {
  kubelet: {
    version: kubernetes,
    address: `dl.k8s.io/release/${kubernetes}/bin/linux/amd64/kubelet`,
    sha256: "cf2562db46c48ab84cc3791540778ee7fb1a0a008529adbb434723dd02ed8b4b",
  },
  kubectl: {
    version: kubernetes,
    address: `dl.k8s.io/release/${kubernetes}/bin/linux/amd64/kubectl`,
    sha256: "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a",
  },
  cniPlugins: {
    version: "v1.9.1",
    address: "github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz",
    sha256: "b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303",
  },
} as const satisfies Record<string, NodeFile>;

/** Container images by upstream's full name; `host/path:tag`. */
export const images = {
  apiserver: `registry.k8s.io/kube-apiserver:${kubernetes}`,
  controllerManager: `registry.k8s.io/kube-controller-manager:${kubernetes}`,
  scheduler: `registry.k8s.io/kube-scheduler:${kubernetes}`,
  proxy: `registry.k8s.io/kube-proxy:${kubernetes}`,
  pause: "registry.k8s.io/pause:3.10.2",
  /** kubernetes-etcd: the cluster's own store. */
  etcd: "quay.io/coreos/etcd:v3.6.16",
  /** infra-etcd: flannel's and locksmith's store. 3.5 is the last that serves the v2 API locksmith speaks. */
  infraEtcd: "quay.io/coreos/etcd:v3.5.35",
  flannel: "ghcr.io/flannel-io/flannel:v0.28.10",
  /** An LTS release; the local zone's is Debian's. */
  haproxy: "docker.io/library/haproxy:3.0.11",
  coredns: "docker.io/coredns/coredns:1.15.0",
} as const;

export type ImageName = keyof typeof images;
export type FileName = keyof typeof files;
