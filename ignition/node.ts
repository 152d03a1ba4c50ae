import { ports } from "../ports.ts";
import { images } from "../versions.ts";
import { nodeCertificates } from "./certificates.ts";
import type { File, Unit } from "./cloudconfig.ts";
import { dockerCA, dockerImage, mirrorCA, registries } from "./download.ts";
import { cni, environmentFile, type NodeEnvironment } from "./environment.ts";
import { kubeconfig, manifest, pki, plain, script } from "./file.ts";
import { dnsServiceAddress } from "./service-addresses.ts";
import { fill } from "./template.ts";
import type { NodeArgs } from "./types.ts";

/** OpenSSH public keys that may log in as core: Pulumi's first. */
export const authorizedKeys = ({ stackPublicKey, sshPublicKeys }: NodeArgs): string[] => [
  stackPublicKey,
  ...sshPublicKeys,
];

/** The values of configuration files of both roles. */
export function values(node: NodeArgs): Record<string, string | number> {
  return {
    ...ports,
    name: node.name,
    address: node.address,
    podCIDR: node.podCIDR,
    serviceCIDR: node.serviceCIDR,
    dnsAddress: dnsServiceAddress(node.serviceCIDR),
    cniBinDir: cni.binaries,
    cniConfDir: cni.configuration,
    pauseImage: images.pause,
    proxyImage: images.proxy,
    flannelImage: dockerImage("flannel", node.mirror),
    infraEtcdEndpoints: node.masters.map(({ address }) => `https://${address}:${ports.infraEtcdClient}`).join(","),
    rebootWindowStart: node.rebootWindow.start,
    rebootWindowLength: node.rebootWindow.length,
    timeZone: node.timeZone,
    // Half a minute of an API that does not answer, a minute for a master's control plane, and a minute to spare.
    drainStopTimeout: node.drainTimeout + 150,
  };
}

/**
 * The files of every node.
 *
 * @param environment what the node's scripts read
 * @param taints kubelet.yaml's `registerWithTaints`, or empty
 */
export function commonFiles(node: NodeArgs, environment: NodeEnvironment, taints: string): File[] {
  const v = { ...values(node), taints };
  return [
    { path: "/etc/ssh/ssh_host_ecdsa_key", permissions: "0600", content: node.sshHostKey },
    pki("node.key", node.key),
    ...nodeCertificates.map((name) => pki(`${name}.crt`, node.certificates[name])),
    ...mirrorCA(node.mirror),
    ...dockerCA(node.mirror),
    ...registries(node.mirror),
    plain("containerd.toml", fill("node/containerd.toml", v)),
    plain("kubelet.yaml", fill("node/kubelet.yaml", v)),
    kubeconfig("kubelet"),
    plain("kube-proxy.yaml", fill("node/kube-proxy.config.yaml", v)),
    manifest("kube-proxy", fill("node/kube-proxy.yaml", v)),
    environmentFile(environment),
    ...[
      "common",
      "fetch",
      "install",
      "protect-metadata",
      "cni-config",
      "health",
      "wait-ready",
      "drain",
      "end-pods",
      "reboot-lock",
      "reboot-window",
      "report",
    ].map((name) => script(`node/${name}`)),
  ];
}

/** A whole unit from `files/ROLE/NAME.service`. */
export const unit = (role: "node" | "master", name: string, v: Record<string, string | number>): Unit => ({
  name,
  content: fill(`${role}/${name}`, v),
});

/**
 * The units of a node in coreos-cloudinit's order. It waits for each job before it takes the next unit, so only the
 * target is started; systemd then orders what the target wants.
 */
export function units(node: NodeArgs, own: readonly Unit[]): Unit[] {
  const v = values(node);
  const all = [
    ...[
      "protect-metadata.service",
      "flanneld.service",
      "kubelet.service",
      "drain.service",
      "reboot-window.service",
    ].map((name) => unit("node", name, v)),
    ...own,
  ];
  const wanted = ["docker.service", ...all.map(({ name }) => name)].join(" ");
  return [
    { name: "containerd.service", dropIn: fill("node/containerd.conf", v), command: "restart" },
    // Persistent, for its condition: the image starts locksmithd at boot, before there is a configuration.
    { name: "locksmithd.service", dropIn: fill("node/locksmithd.conf", v), persistent: true, command: "stop" },
    ...all,
    { name: "kubernetes.target", content: fill("node/kubernetes.target", { units: wanted }), command: "start" },
  ];
}
