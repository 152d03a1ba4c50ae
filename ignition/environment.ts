/**
 * The environment file: what differs from node to node, for the scripts in `files/`. They are the same on every node of
 * a role and read these shell variables by way of `files/node/common`.
 */
import { closedToPods, ports } from "../ports.ts";
import { files, type FileName } from "../versions.ts";
import type { File } from "./cloudconfig.ts";
import { download } from "./download.ts";
import { plain, RUN } from "./file.ts";
import type { MasterArgs, Mirror, NodeArgs } from "./types.ts";

/** The variables of every node. */
export interface NodeEnvironment {
  readonly ROLE: "master" | "worker";
  /** Name of the instance and of the Node object. */
  readonly NODE_NAME: string;
  /** `NAME=ADDRESS` of every master, separated by spaces; on a master itself first. */
  readonly MASTERS: string;
  /** Local start of the reboot window, `HH:MM`. */
  readonly WINDOW_START: string;
  /** Seconds; 86400: always open. */
  readonly WINDOW_LENGTH: number;
  /** IANA name of the reboot window's time zone. */
  readonly WINDOW_TIME_ZONE: string;
  /** Seconds that the node's pods may resist eviction before it goes down. */
  readonly DRAIN_TIMEOUT: number;
  /** Where the kubelet is downloaded, and its checksum in hex. */
  readonly KUBELET_URL: string;
  readonly KUBELET_SHA256: string;
  /** The same of the CNI plugins' archive. */
  readonly CNI_PLUGINS_URL: string;
  readonly CNI_PLUGINS_SHA256: string;
  /** Directory of the CNI plugins, by version. */
  readonly CNI_BIN_DIR: string;
  /** Directory of containerd's CNI configuration. */
  readonly CNI_CONF_DIR: string;
  /** Ports of kube-apiserver, of the kubelet's and kube-proxy's health checks and of infra-etcd's clients. */
  readonly API_PORT: number;
  readonly KUBELET_HEALTHZ_PORT: number;
  readonly PROXY_HEALTHZ_PORT: number;
  readonly INFRA_ETCD_PORT: number;
  /** flannel's network. */
  readonly POD_CIDR: string;
  /** Ports of flannel's vxlan and of the kubelet. */
  readonly VXLAN_PORT: number;
  readonly KUBELET_PORT: number;
  /** Ports of this node that its firewall closes to pods, separated by commas; the same of masters. */
  readonly CLOSED_TCP: string;
  readonly CLOSED_UDP: string;
  readonly MASTERS_CLOSED_TCP: string;
}

/** The variables of a master. */
export interface MasterEnvironment extends NodeEnvironment {
  /** The master's public IPv4 address. */
  readonly NODE_ADDRESS: string;
  /** Where kubectl is downloaded, and its checksum in hex. */
  readonly KUBECTL_URL: string;
  readonly KUBECTL_SHA256: string;
  /**
   * Ports of kubernetes-etcd (clients, peers, metrics), of infra-etcd's peers, of the controller manager and of the
   * scheduler.
   */
  readonly ETCD_PORT: number;
  readonly ETCD_PEER_PORT: number;
  readonly ETCD_METRICS_PORT: number;
  readonly INFRA_ETCD_PEER_PORT: number;
  readonly CONTROLLER_MANAGER_PORT: number;
  readonly SCHEDULER_PORT: number;
}

/** Directories that scripts and containerd's configuration share. */
export const cni = {
  binaries: `/opt/cni/${files.cniPlugins.version}`,
  // In /run: a lease from before the boot must not make the node Ready.
  configuration: `${RUN}/cni`,
};

export function nodeEnvironment(node: NodeArgs, role: "master" | "worker"): NodeEnvironment {
  const masters = [...node.masters].sort((a, b) => Number(b.name === node.name) - Number(a.name === node.name));
  return {
    ROLE: role,
    NODE_NAME: node.name,
    MASTERS: masters.map(({ name, address }) => `${name}=${address}`).join(" "),
    WINDOW_START: node.rebootWindow.start,
    WINDOW_LENGTH: node.rebootWindow.length,
    WINDOW_TIME_ZONE: node.timeZone,
    DRAIN_TIMEOUT: node.drainTimeout,
    ...downloadVariables("KUBELET", "kubelet", node.mirror),
    ...downloadVariables("CNI_PLUGINS", "cniPlugins", node.mirror),
    CNI_BIN_DIR: cni.binaries,
    CNI_CONF_DIR: cni.configuration,
    API_PORT: ports.apiserver,
    KUBELET_HEALTHZ_PORT: ports.kubeletHealthz,
    PROXY_HEALTHZ_PORT: ports.proxyHealthz,
    INFRA_ETCD_PORT: ports.infraEtcdClient,
    POD_CIDR: node.podCIDR,
    VXLAN_PORT: ports.vxlan,
    KUBELET_PORT: ports.kubelet,
    CLOSED_TCP: closedToPods(`${role}s`, "tcp").join(),
    CLOSED_UDP: closedToPods(`${role}s`, "udp").join(),
    MASTERS_CLOSED_TCP: closedToPods("masters", "tcp").join(),
  };
}

export function masterEnvironment(master: MasterArgs): MasterEnvironment {
  return {
    ...nodeEnvironment(master, "master"),
    NODE_ADDRESS: master.address,
    ...downloadVariables("KUBECTL", "kubectl", master.mirror),
    ETCD_PORT: ports.etcdClient,
    ETCD_PEER_PORT: ports.etcdPeer,
    ETCD_METRICS_PORT: ports.etcdMetrics,
    INFRA_ETCD_PEER_PORT: ports.infraEtcdPeer,
    CONTROLLER_MANAGER_PORT: ports.controllerManager,
    SCHEDULER_PORT: ports.scheduler,
  };
}

/** `NAME_URL` and `NAME_SHA256` of a file that a script downloads. */
export function downloadVariables<Name extends string>(name: Name, file: FileName, mirror: Mirror) {
  const { url, sha256 } = download(file, mirror);
  return { [`${name}_URL`]: url, [`${name}_SHA256`]: sha256 } as Record<`${Name}_${"URL" | "SHA256"}`, string>;
}

/**
 * The file that scripts source: an assignment per variable, quoted for a shell.
 *
 * @throws Error naming a variable without a value
 */
export function environmentFile(variables: Readonly<Record<string, string | number>> | NodeEnvironment): File {
  const lines = Object.entries(variables).map(([name, value]: [string, string | number | undefined]) => {
    if (value === undefined || value === "" || Number.isNaN(value))
      throw new Error(`${name} has no value for node.env`);
    return `${name}='${String(value).replaceAll("'", "'\\''")}'\n`;
  });
  return plain("node.env", lines.join(""));
}
