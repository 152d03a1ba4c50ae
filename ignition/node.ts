import { ownPorts, ports } from "../ports.ts";
import { images } from "../versions.ts";
import { nodeCertificates } from "./certificates.ts";
import type { File, Unit } from "./cloudconfig.ts";
import { mirrorCA, registries } from "./download.ts";
import { cni, environmentFile, type NodeEnvironment } from "./environment.ts";
import { certificates, kubeconfig, manifest, plain, script, secret } from "./file.ts";
import { dnsServiceAddress } from "./service-addresses.ts";
import { fill } from "./template.ts";
import type { NodeArgs } from "./types.ts";

/** OpenSSH public keys that may log in as core: Pulumi's first. */
export const authorizedKeys = ({ stackPublicKeys, sshPublicKeys }: NodeArgs): string[] => [
  ...stackPublicKeys,
  ...sshPublicKeys,
];

/**
 * sshd lets these in as core and no others. The image authorizes the key that the instance was created with, too, which
 * Exoscale keeps for the instance's whole life.
 */
const AUTHORIZED_KEYS = "/etc/ssh/authorized_keys";

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
    authorizedKeysFile: AUTHORIZED_KEYS,
    pauseImage: images.pause,
    proxyImage: images.proxy,
    flannelImage: images.flannel,
    sandbox: fill("node/sandbox.conf", {}).trimEnd(),
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
 * @param ownPems what only this role has, as for `certificates`
 */
export function commonFiles(
  node: NodeArgs,
  environment: NodeEnvironment,
  taints: string,
  ownPems: Readonly<Record<string, string>>,
): File[] {
  const own = ownPorts[`${environment.ROLE}s`].map(
    ({ port, protocol }) => `{containerPort: ${port}${protocol === "udp" ? ", protocol: UDP" : ""}}`,
  );
  const v = { ...values(node), taints, ownPorts: own.join(", ") };
  return [
    { path: "/etc/ssh/ssh_host_ecdsa_key", permissions: "0600", content: node.sshHostKey },
    { path: AUTHORIZED_KEYS, permissions: "0644", content: `${authorizedKeys(node).join("\n")}\n` },
    { path: "/etc/ssh/sshd_config.d/10-kubernetes.conf", permissions: "0644", content: fill("node/sshd.conf", v) },
    certificates({
      "pki/node.key": node.key,
      "pki/infra-etcd.key": node.infraEtcdKey,
      ...pkiCertificates(nodeCertificates, node.certificates),
      ...ownPems,
    }),
    ...mirrorCA(node.mirror),
    ...registries(node.mirror),
    plain("containerd.toml", fill("node/containerd.toml", v)),
    // CIS Kubernetes Benchmark 4.1.9.
    secret("kubelet.yaml", fill("node/kubelet.yaml", v)),
    kubeconfig("kubelet"),
    plain("kube-proxy.yaml", fill("node/kube-proxy.config.yaml", v)),
    manifest("kube-proxy", fill("node/kube-proxy.yaml", v)),
    environmentFile(environment),
    ...[
      "common",
      "certificates",
      "pod-files",
      "fetch",
      "install",
      "program",
      "node-firewall",
      "cni-config",
      "health",
      "wait-ready",
      "drain",
      "end-pods",
      "reboot-lock",
      "reboot-window",
      "membership",
    ].map((name) => script(`node/${name}`)),
  ];
}

/** Certificates of these names as files of pki/. */
export const pkiCertificates = <Name extends string>(
  names: readonly Name[],
  all: Readonly<Record<Name, string>>,
): Record<string, string> => Object.fromEntries(names.map((name) => [`pki/${name}.crt`, all[name]]));

/** A whole unit from `files/ROLE/NAME.service`. */
export const unit = (role: "node" | "master", name: string, v: Record<string, string | number>): Unit => ({
  name,
  content: fill(`${role}/${name}`, v),
});

/**
 * The units of a node in coreos-cloudinit's order. It waits for each job before it takes the next unit, so of those that
 * take time only the target is started; systemd then orders what the target wants.
 */
export function units(node: NodeArgs, own: readonly Unit[]): Unit[] {
  const v = values(node);
  const all = [
    ...[
      "node-firewall.service",
      "flanneld.service",
      "kubelet.service",
      "drain.service",
      "reboot-window.service",
      "membership.service",
    ].map((name) => unit("node", name, v)),
    ...own,
  ];
  const wanted = ["docker.service", ...all.map(({ name }) => name)].join(" ");
  const readers = all.map(({ name }) => name).filter((name) => name !== "drain.service");
  return [
    // First, so that a node that fails at anything later can still be asked what is wrong. The drain waits for nothing, so that
    // nothing is stopped before it.
    {
      name: "certificates.service",
      content: fill("node/certificates.service", { before: readers.join(" ") }),
      command: "start",
    },
    { name: "containerd.service", dropIn: fill("node/containerd.conf", v), command: "restart" },
    // Persistent, for its condition: the image starts locksmithd at boot, before there is a configuration.
    { name: "locksmithd.service", dropIn: fill("node/locksmithd.conf", v), persistent: true, command: "stop" },
    ...all,
    { name: "kubernetes.target", content: fill("node/kubernetes.target", { units: wanted }), command: "start" },
  ];
}
