/** What a node's cloud-config is made from: plain values, every address known. */

/** Where nodes fetch files and images. Upstream's paths stay as they are. */
export interface Mirror {
  /** Base URL before `host/path` of a file, e.g. `https://mirror.example/files`. Absent: upstream itself. */
  readonly files?: string;
  /** `host:port[/prefix]` before an image's full name, e.g. `mirror.example:5000`. Absent: upstream itself. */
  readonly registries?: string;
  /** PEM of the CA that signed the mirror's certificates, where the system does not know it. */
  readonly ca?: string;
  /** sha256 in hex by upstream address (`host/path`); replaces the ones in versions.ts. */
  readonly checksums?: Readonly<Record<string, string>>;
}

export interface RebootWindow {
  /** Local start, `HH:MM`. */
  readonly start: string;
  /** Seconds, up to 86400: always open. */
  readonly length: number;
}

/** A master as the others know it. */
export interface Peer {
  readonly name: string;
  readonly address: string;
}

/** A key as kube-apiserver's EncryptionConfiguration has it. */
export interface EncryptionKey {
  /** Stored with everything it encrypts: a key keeps its name. */
  readonly name: string;
  /** 32 bytes, base64. */
  readonly secret: string;
}

/** Common to every node. PEM texts throughout. */
export interface NodeArgs {
  /** Instance name, node name and hostname. */
  readonly name: string;
  /** Its public IPv4 address. */
  readonly address: string;
  readonly masters: readonly Peer[];
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly rebootWindow: RebootWindow;
  /** IANA name, e.g. `Europe/Zurich`. */
  readonly timeZone: string;
  /** Seconds that the node's pods may resist eviction before it goes down. */
  readonly drainTimeout: number;
  readonly mirror: Mirror;
  /** OpenSSH lines for user core. */
  readonly authorizedKeys: readonly string[];
  /** The SSH host key, OpenSSH private format (ECDSA). Masters share one. */
  readonly sshHostKey: string;
  /** The node's one private key; every leaf below is for it. */
  readonly key: string;
  /** CN system:node:NAME, O system:nodes; client and server. */
  readonly kubeletCert: string;
  /** Client of infra-etcd (flanneld, locksmithd); on a master server and peer as well. */
  readonly infraEtcdCert: string;
  /** CA certificates: the one that signs, and while it is being replaced the other one behind it. */
  readonly kubernetesCA: string;
  readonly infraEtcdCA: string;
}

export type WorkerArgs = NodeArgs;

export interface MasterArgs extends NodeArgs {
  readonly frontProxyCA: string;
  readonly kubernetesEtcdCA: string;
  /** kube-apiserver's server certificate (kubernetes CA). */
  readonly apiserverCert: string;
  /** kube-apiserver as client of kubelets (kubernetes CA), CN kube-apiserver-kubelet-client. */
  readonly apiserverKubeletClientCert: string;
  /** kube-apiserver as client of kubernetes-etcd (kubernetes-etcd CA). */
  readonly apiserverEtcdClientCert: string;
  /** kube-apiserver as front proxy (front-proxy CA), CN front-proxy-client. */
  readonly frontProxyClientCert: string;
  /** CN system:kube-controller-manager (kubernetes CA), client and server for 127.0.0.1. */
  readonly controllerManagerCert: string;
  /** CN system:kube-scheduler (kubernetes CA), client and server for 127.0.0.1. */
  readonly schedulerCert: string;
  /** Server, peer and client of kubernetes-etcd (kubernetes-etcd CA). */
  readonly kubernetesEtcdCert: string;
  /** O system:masters (kubernetes CA): root on a master applies the first RBAC rules with it. */
  readonly superAdminCert: string;
  /** The kubernetes CA that signs, alone, and its private key: controller-manager signs CertificateSigningRequests with it. */
  readonly kubernetesSigningCA: string;
  readonly kubernetesCAKey: string;
  /** Service-account signing key and public key. */
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  /** Encrypt Secrets in kubernetes-etcd: the first one writes, all of them read. */
  readonly encryptionKeys: readonly EncryptionKey[];
}
