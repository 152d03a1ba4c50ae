import { files } from "../../versions.ts";
import type { MasterArgs, Mirror, NodeArgs, WorkerArgs } from "../types.ts";

/** A stand-in PEM that says whose it is; golden files stay readable. */
const pem = (kind: string, of: string): string => `-----BEGIN ${kind}-----\n${of}\n-----END ${kind}-----\n`;
const cert = (of: string): string => pem("CERTIFICATE", of);
const key = (of: string): string => pem("EC PRIVATE KEY", of);

const masters = [1, 2, 3].map((n) => ({ name: `test-master-${n}`, address: `192.0.2.${n}` }));

export const mirror: Mirror = {
  files: "https://mirror.example",
  registries: "mirror.example:5000",
  ca: cert("mirror CA"),
  checksums: Object.fromEntries(Object.values(files).map(({ address }, n) => [address, String(n).repeat(64)])),
};

const node = (name: string, address: string): NodeArgs => ({
  name,
  address,
  masters,
  podCIDR: "10.244.0.0/16",
  serviceCIDR: "10.96.0.0/16",
  rebootWindow: { start: "04:00", length: 3600 },
  timeZone: "Europe/Zurich",
  drainTimeout: 300,
  mirror: {},
  authorizedKeys: ["ecdsa-sha2-nistp256 AAAA test"],
  sshHostKey: pem("OPENSSH PRIVATE KEY", `host key of ${name}`),
  key: key(name),
  kubeletCert: cert(`kubelet of ${name}`),
  infraEtcdCert: cert(`infra-etcd of ${name}`),
  kubernetesCA: cert("kubernetes CA"),
  infraEtcdCA: cert("infra-etcd CA"),
});

export const worker: WorkerArgs = node("test-worker-1", "192.0.2.11");

export const master: MasterArgs = {
  ...node("test-master-1", "192.0.2.1"),
  frontProxyCA: cert("front-proxy CA"),
  kubernetesEtcdCA: cert("kubernetes-etcd CA"),
  apiserverCert: cert("apiserver"),
  apiserverKubeletClientCert: cert("apiserver as client of kubelets"),
  apiserverEtcdClientCert: cert("apiserver as client of kubernetes-etcd"),
  frontProxyClientCert: cert("front-proxy client"),
  controllerManagerCert: cert("controller-manager"),
  schedulerCert: cert("scheduler"),
  kubernetesEtcdCert: cert("kubernetes-etcd"),
  superAdminCert: cert("super-admin"),
  kubernetesSigningCA: cert("kubernetes CA"),
  kubernetesCAKey: key("kubernetes CA"),
  serviceAccountKey: key("service accounts"),
  serviceAccountPublicKey: pem("PUBLIC KEY", "service accounts"),
  encryptionKeys: [
    { name: "first", secret: "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlIQ==" },
    { name: "second", secret: "c2l4dGVlbiBtb3JlLCBhbmQgc2l4dGVlbiBieXRlcyE=" },
  ],
};
