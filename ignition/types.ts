/** What a node's cloud-config is made from: plain values, every address known. */
import type { PodSecurityLevel } from "../pod-security.ts";
import type { MasterCertificate, NodeCertificate } from "./certificates.ts";

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

/** What the configuration says of the nodes of one pool. */
export interface NodeSettings {
  /** IPv4 network of the pods, a /24 of it per node. */
  readonly podCIDR: string;
  /** IPv4 network of the Services. */
  readonly serviceCIDR: string;
  /** OpenSSH public keys that may log in as core beside the stack's own. */
  readonly sshPublicKeys: readonly string[];
  /** When a node may reboot for an update. */
  readonly rebootWindow: RebootWindow;
  /** Time zone of the reboot window, an IANA name, e.g. `Europe/Zurich`. */
  readonly timeZone: string;
  /** Seconds that the pods of a node that goes down may resist eviction. */
  readonly drainTimeout: number;
  /** Where nodes fetch instead of upstream. `{}`: upstream itself. */
  readonly mirror: Mirror;
}

/** Common to every node. Keys and certificates are PEM. */
export interface NodeArgs extends NodeSettings {
  /** Instance name, node name and hostname. */
  readonly name: string;
  /** Its public IPv4 address. */
  readonly address: string;
  readonly masters: readonly Peer[];
  /** The stack's own SSH keys, OpenSSH public key lines: Pulumi logs in with the first one. */
  readonly stackPublicKeys: readonly string[];
  /** The SSH host key (ECDSA). Masters share one. */
  readonly sshHostKey: string;
  /** The node's private key, for every leaf that has none of its own. */
  readonly key: string;
  /** Private key of the leaf for infra-etcd. A worker's is `key`. */
  readonly infraEtcdKey: string;
  readonly certificates: Readonly<Record<NodeCertificate, string>>;
}

export type WorkerArgs = NodeArgs;

export interface MasterArgs extends NodeArgs {
  readonly certificates: Readonly<Record<MasterCertificate, string>>;
  /** Private key of the scheduler's certificate. */
  readonly schedulerKey: string;
  /** The kubernetes CA that signs, alone, and its private key: controller-manager signs CertificateSigningRequests with it. */
  readonly kubernetesSigningCA: string;
  readonly kubernetesCAKey: string;
  /** Of infra-etcd's root: the first one is set, all of them may be until then. */
  readonly infraEtcdPasswords: readonly string[];
  /** Level of Pod Security that is enforced outside of kube-system. */
  readonly podSecurity: PodSecurityLevel;
  /** Signs service-account tokens. */
  readonly serviceAccountKey: string;
  /** Public keys whose tokens are accepted beside those of `serviceAccountKey`. */
  readonly otherServiceAccountKeys: readonly string[];
  /** Encrypt Secrets in kubernetes-etcd: the first one writes, all of them read. */
  readonly encryptionKeys: readonly EncryptionKey[];
}
