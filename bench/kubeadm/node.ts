/** A kubeadm node's cloud-config: what the machine does by itself, from its boot to `kubeadm init` or `join`. */
import { join } from "node:path";
import { toYAML } from "../../ignition/cloudconfig.ts";
import { downloads, mirrorCA, plain, registries, script, secret } from "../../ignition/node.ts";
import { fill } from "../../ignition/template.ts";
import type { Mirror } from "../../ignition/types.ts";
import { ports } from "../../ports.ts";
import { files, images } from "../../versions.ts";
import { documents, type Role, type Secrets } from "./documents.ts";

export interface KubeadmNodeArgs {
  readonly name: string;
  readonly role: Role;
  /** The first master's address; empty on itself, which finds out. */
  readonly endpoint: string;
  readonly secrets: Secrets;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly mirror: Mirror;
  /** The mirror's kubeadm. */
  readonly kubeadm: { readonly url: string; readonly sha256: string };
}

/** Every member of the cluster finds the API by this name, which /etc/hosts leads to the first master. */
export const endpointName = "api.bench.internal";

export function renderKubeadmNode(node: KubeadmNodeArgs): string {
  const { name, role, endpoint, mirror, podCIDR, kubeadm } = node;
  const v: Record<string, string | number> = {
    ...downloads(mirror),
    kubeadmURL: kubeadm.url,
    kubeadmSha256: kubeadm.sha256,
    cniBinDir: `/opt/cni/${files.cniPlugins.version}`,
    cniConfDir: "/etc/cni/net.d",
    pauseImage: images.pause,
    flannelImage: images.flannel,
    vxlan: ports.vxlan,
    podCIDR,
    endpoint,
    endpointName,
    command: role === "first" ? "init" : "join",
    options: role === "first" ? "--upload-certs" : "",
  };
  const own = (file: string) => fill(join("../../bench/kubeadm/files", file), v);
  const units = ["kubelet.service", "cni-config.service", "kubeadm.service"];
  return toYAML({
    hostname: name,
    authorizedKeys: [],
    files: [
      ...mirrorCA(mirror),
      ...registries(mirror),
      plain("containerd.toml", fill("node/containerd.toml", v)),
      ...["fetch", "install", "cni-config"].map((each) => script(each, fill(`node/${each}`, v))),
      script("kubeadm-node", own("kubeadm-node")),
      secret("kubeadm.yaml", documents({ ...node, endpointName })),
      ...(role === "first" ? [plain("flannel.yaml", own("flannel.yaml"))] : []),
    ],
    units: [
      { name: "containerd.service", dropIn: fill("node/containerd.conf", v), command: "restart" },
      ...units.map((each) => ({ name: each, content: own(each) })),
      {
        name: "kubernetes.target",
        command: "start",
        // kubeadm starts the kubelet itself.
        content: fill("node/kubernetes.target", { units: units.slice(1).join(" ") }),
      },
    ],
  });
}
