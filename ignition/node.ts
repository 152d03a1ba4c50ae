import { ports } from "../ports.ts";
import { files, images, type FileName, type ImageName } from "../versions.ts";
import { nodeCertificates } from "./certificates.ts";
import type { File, Unit } from "./cloudconfig.ts";
import { dnsServiceAddress } from "./service-addresses.ts";
import { fill } from "./template.ts";
import type { Mirror, NodeArgs, Peer } from "./types.ts";

const RUN = "/run/kubernetes";
const MIRROR_CA = `${RUN}/mirror-ca.crt`;

export const pki = (name: string, content: string): File => ({
  path: `${RUN}/pki/${name}`,
  permissions: "0600",
  content,
});
export const secret = (name: string, content: string): File => ({
  path: `${RUN}/${name}`,
  permissions: "0600",
  content,
});
export const plain = (name: string, content: string): File => ({
  path: `${RUN}/${name}`,
  permissions: "0644",
  content,
});
export const script = (name: string, content: string): File => ({
  path: `${RUN}/bin/${name}`,
  permissions: "0755",
  content,
});
export const manifest = (name: string, content: string): File => plain(`manifests/${name}.yaml`, content);
export const kubeconfig = (user: string): File =>
  secret(`${user}.kubeconfig`, fill("node/kubeconfig.yaml", { user, port: ports.apiserver }));

/** An image's name for docker, which knows mirrors of docker.io only: the mirror becomes part of the name. */
export function dockerImage(name: ImageName, mirror: Mirror): string {
  return mirror.registries ? `${mirror.registries}/${images[name]}` : images[name];
}

/** Addresses and sums of everything that nodes download, and how curl trusts them, as `files/node/install` and `fetch` name them. */
export function downloads(mirror: Mirror): Record<string, string> {
  const kubelet = download("kubelet", mirror);
  const kubectl = download("kubectl", mirror);
  const cniPlugins = download("cniPlugins", mirror);
  return {
    curlCA: mirror.ca ? `--cacert ${MIRROR_CA}` : "",
    kubeletURL: kubelet.url,
    kubeletSha256: kubelet.sha256,
    kubectlURL: kubectl.url,
    kubectlSha256: kubectl.sha256,
    cniPluginsURL: cniPlugins.url,
    cniPluginsSha256: cniPlugins.sha256,
  };
}

/**
 * @throws Error when neither upstream nor the mirror's manifest tells the file's checksum.
 */
function download(name: FileName, mirror: Mirror): { url: string; sha256: string } {
  const file = files[name];
  const sha256 = mirror.checksums ? mirror.checksums[file.address] : file.sha256;
  if (!sha256) {
    throw new Error(`no sha256 of ${file.address}: the manifest that mirror.checksums names has no line for it`);
  }
  return { url: `${mirror.files ?? "https:/"}/${file.address}`, sha256 };
}

/** The mirror's authority, where curl and containerd are told that it is. */
export const mirrorCA = ({ ca }: Mirror): File[] => (ca ? [plain("mirror-ca.crt", ca)] : []);

/** containerd's way to every registry that the cluster's own images come from. */
export function registries(mirror: Mirror): File[] {
  if (!mirror.registries) return [];
  const ca = mirror.ca ? `  ca = "${MIRROR_CA}"` : "";
  const names = [...new Set(Object.values(images).map((image) => image.slice(0, image.indexOf("/"))))];
  return names.map((registry) => {
    const server = `https://${registry === "docker.io" ? "registry-1.docker.io" : registry}`;
    return plain(
      `registries/${registry}/hosts.toml`,
      fill("node/hosts.toml", { server, mirror: mirror.registries!, registry, ca }),
    );
  });
}

/** docker's way to trust a mirror whose CA the system does not know; docker reads it nowhere else. */
function dockerCA(mirror: Mirror): File[] {
  if (!mirror.registries || !mirror.ca) return [];
  const host = mirror.registries.split("/")[0];
  return [{ path: `/etc/docker/certs.d/${host}/ca.crt`, permissions: "0644", content: mirror.ca }];
}

/** OpenSSH public keys that may log in as core: Pulumi's first. */
export const authorizedKeys = ({ stackPublicKey, sshPublicKeys }: NodeArgs): string[] => [
  stackPublicKey,
  ...sshPublicKeys,
];

/** Every value that files of both roles use. */
export function values(node: NodeArgs): Record<string, string | number> {
  const { start, length } = node.rebootWindow;
  const infraEtcd = ({ address }: Peer): string => `https://${address}:${ports.infraEtcdClient}`;
  const infraEtcds = node.masters.map(infraEtcd);
  return {
    ...ports,
    ...downloads(node.mirror),
    name: node.name,
    address: node.address,
    podCIDR: node.podCIDR,
    serviceCIDR: node.serviceCIDR,
    dnsAddress: dnsServiceAddress(node.serviceCIDR),
    cniBinDir: `/opt/cni/${files.cniPlugins.version}`,
    // In /run: yesterday's lease must not make today's node Ready.
    cniConfDir: `${RUN}/cni`,
    pauseImage: images.pause,
    proxyImage: images.proxy,
    flannelImage: dockerImage("flannel", node.mirror),
    members: node.masters.map(({ name, address }) => `${name}=${address}`).join(" "),
    infraEtcdEndpoints: infraEtcds.join(","),
    // A master asks its own member first.
    lockEndpoints: [...infraEtcds]
      .sort((a, b) => Number(b === infraEtcd(node)) - Number(a === infraEtcd(node)))
      .join(" "),
    rebootWindowStart: start,
    rebootWindowHour: start.slice(0, 2),
    rebootWindowMinute: start.slice(3),
    rebootWindowLength: length,
    timeZone: node.timeZone,
    drainTimeout: node.drainTimeout,
    // Half a minute of an API that does not answer, a minute for a master's control plane, and some.
    drainStopTimeout: node.drainTimeout + 150,
  };
}

/** What one role has in files that both have. */
export interface RoleParts {
  readonly role: "master" | "worker";
  /** In bin/health, bin/drain, bin/report. */
  readonly masterHealth: string;
  readonly masterDrain: string;
  readonly etcdReport: string;
  /** In kubelet.yaml. */
  readonly taints: string;
}

/** What stands on every node. */
export function commonFiles(node: NodeArgs, extra: RoleParts): File[] {
  const v = { ...values(node), ...extra };
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
    ].map((name) => script(name, fill(`node/${name}`, v))),
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
