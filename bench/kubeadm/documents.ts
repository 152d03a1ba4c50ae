/** kubeadm's configuration, with the versions of our clusters. */
import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import { ports } from "../../ports.ts";
import { images, kubernetes } from "../../versions.ts";

/** The first master runs `kubeadm init`, all others run `kubeadm join`. */
export type Role = "first" | "master" | "worker";

/** What joining nodes present. */
export interface Secrets {
  /** Bootstrap token: 6 characters, a dot, 16 characters. */
  readonly token: string;
  /** 32 bytes in hex, which encrypt the control plane's keys in the cluster. */
  readonly certificateKey: string;
}

export function makeSecrets(): Secrets {
  const hex = randomBytes(11).toString("hex");
  return { token: `${hex.slice(0, 6)}.${hex.slice(6)}`, certificateKey: randomBytes(32).toString("hex") };
}

export interface DocumentsArgs {
  readonly role: Role;
  readonly endpointName: string;
  readonly secrets: Secrets;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
}

const KUBEADM = "kubeadm.k8s.io/v1beta4";

/** The YAML documents for `kubeadm --config`. */
export function documents({ role, endpointName, secrets, podCIDR, serviceCIDR }: DocumentsArgs): string {
  const { token, certificateKey } = secrets;
  const endpoint = `${endpointName}:${ports.apiserver}`;
  const nodeRegistration = {
    imagePullSerial: false,
    // The machines are containers and have the host's kernel, memory and swap.
    ignorePreflightErrors: ["SystemVerification", "Swap", "Mem", "NumCPU"],
  };
  const all =
    role === "first"
      ? [
          {
            apiVersion: KUBEADM,
            kind: "InitConfiguration",
            nodeRegistration,
            certificateKey,
            bootstrapTokens: [
              {
                token,
                usages: ["signing", "authentication"],
                groups: ["system:bootstrappers:kubeadm:default-node-token"],
              },
            ],
          },
          {
            apiVersion: KUBEADM,
            kind: "ClusterConfiguration",
            kubernetesVersion: kubernetes,
            controlPlaneEndpoint: endpoint,
            // Like ours; RSA, kubeadm's default, takes longer.
            encryptionAlgorithm: "ECDSA-P256",
            networking: { podSubnet: podCIDR, serviceSubnet: serviceCIDR },
            etcd: { local: inParts(images.etcd) },
            dns: inParts(images.coredns),
          },
          { apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration" },
          {
            apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
            kind: "KubeProxyConfiguration",
            mode: "nftables",
            conntrack: { maxPerCore: 0, min: 0 },
          },
        ]
      : [
          {
            apiVersion: KUBEADM,
            kind: "JoinConfiguration",
            nodeRegistration,
            discovery: { bootstrapToken: { token, apiServerEndpoint: endpoint, unsafeSkipCAVerification: true } },
            ...(role === "master" && { controlPlane: { certificateKey } }),
          },
        ];
  return all.map((each) => stringify(each)).join("---\n");
}

/** kubeadm itself appends the program's name to the repository. */
function inParts(image: string): { imageRepository: string; imageTag: string } {
  const [name = "", imageTag = ""] = image.split(/:(?=[^/]*$)/);
  return { imageRepository: name.slice(0, name.lastIndexOf("/")), imageTag };
}
