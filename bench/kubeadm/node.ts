/** A kubeadm node's cloud-config: everything from boot to `kubeadm init` or `join`. */
import { join } from "node:path";
import { toYAML } from "../../ignition/cloudconfig.ts";
import { mirrorCA, registries } from "../../ignition/download.ts";
import { downloadVariables, environmentFile } from "../../ignition/environment.ts";
import { plain, script, secret } from "../../ignition/file.ts";
import { fill } from "../../ignition/template.ts";
import type { Mirror } from "../../ignition/types.ts";
import { ports } from "../../ports.ts";
import { files, images } from "../../versions.ts";
import { documents, type Role, type Secrets } from "./documents.ts";

export interface KubeadmNodeArgs {
  readonly name: string;
  readonly role: Role;
  /** The first master's address; empty for the first master, which looks up its own. */
  readonly endpoint: string;
  readonly secrets: Secrets;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly mirror: Mirror;
  /** kubeadm in the mirror. */
  readonly kubeadm: { readonly url: string; readonly sha256: string };
}

/** The API's name on every node; /etc/hosts points it at the first master. */
export const endpointName = "api.bench.internal";

export function renderKubeadmNode(node: KubeadmNodeArgs): string {
  const { name, role, endpoint, mirror, podCIDR, kubeadm } = node;
  const cni = { cniBinDir: `/opt/cni/${files.cniPlugins.version}`, cniConfDir: "/etc/cni/net.d" };
  const v = { ...cni, pauseImage: images.pause, flannelImage: images.flannel, vxlan: ports.vxlan, podCIDR };
  const environment = {
    ROLE: role,
    ENDPOINT_NAME: endpointName,
    ...(role !== "first" && { ENDPOINT: endpoint }),
    CNI_BIN_DIR: cni.cniBinDir,
    CNI_CONF_DIR: cni.cniConfDir,
    ...downloadVariables("CNI_PLUGINS", "cniPlugins", mirror),
    ...downloadVariables("KUBELET", "kubelet", mirror),
    ...downloadVariables("KUBECTL", "kubectl", mirror),
    KUBEADM_URL: kubeadm.url,
    KUBEADM_SHA256: kubeadm.sha256,
  };
  const own = (file: string) => join("../../bench/kubeadm/files", file);
  const units = ["kubelet.service", "cni-config.service", "kubeadm.service"];
  return toYAML({
    hostname: name,
    authorizedKeys: [],
    files: [
      ...mirrorCA(mirror),
      ...registries(mirror),
      plain("containerd.toml", fill("node/containerd.toml", v)),
      environmentFile(environment),
      ...["common", "fetch", "install", "cni-config"].map((each) => script(`node/${each}`)),
      script(own("kubeadm-node")),
      secret("kubeadm.yaml", documents({ ...node, endpointName })),
      ...(role === "first" ? [plain("flannel.yaml", fill(own("flannel.yaml"), v))] : []),
    ],
    units: [
      { name: "containerd.service", dropIn: fill("node/containerd.conf", v), command: "restart" },
      ...units.map((each) => ({ name: each, content: fill(own(each), v) })),
      {
        name: "kubernetes.target",
        command: "start",
        // kubeadm starts the kubelet itself.
        content: fill("node/kubernetes.target", { units: units.slice(1).join(" ") }),
      },
    ],
  });
}
