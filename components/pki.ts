import { createHash, hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import {
  forEach,
  leavesWithOwnKey,
  masterAuthorities,
  nodeAuthorities,
  type Authority as AuthorityName,
  type MasterLeaf,
  type NodeLeaf,
} from "../ignition/certificates.ts";
import type { EncryptionKey } from "../ignition/index.ts";
import { ClusterKeys, type ClusterKeyArgs } from "../provider/index.ts";
import {
  adminLeaf,
  masterLeaves,
  workerLeaves,
  type Leaf,
  type MasterIdentity,
  type NodeIdentity,
  type Subject,
} from "./certificates.ts";

export interface PkiArgs {
  /** IPv4 network of the Services; its first address goes into the apiservers' certificates. */
  serviceCIDR: string;
  /** Hours that leaves are valid. */
  leafValidity: number;
  /** Hours before a leaf's end from which `pulumi up` renews it. Less than `leafValidity`. */
  renewBefore: number;
  /** Hours that the authorities are valid. They are never renewed by themselves: that changes every leaf. */
  caValidity: number;
  /**
   * Steps taken towards other authorities, three for each replacement: first the next ones are trusted beside those
   * that sign, then they sign and the former ones are trusted beside them, then the former ones are gone. At each step,
   * and in the middle of any, everybody trusts all that sign.
   */
  caReplacement: number;
  /**
   * The same of the keys that belong to no authority: SSH's and the nodes' host keys, the one that signs service-account
   * tokens, the one that encrypts Secrets, the password of infra-etcd's root. @default 0
   */
  keyReplacement?: number;
}

interface Authority {
  readonly key: tls.PrivateKey;
  /** PEM of the one that signs. */
  readonly cert: pulumi.Output<string>;
  /** PEM of all that are trusted for this purpose, the one that signs first. */
  readonly trusted: pulumi.Output<string>;
}

/** A node's SSH host key. */
interface HostKey {
  /** The one that the node shows. */
  readonly key: tls.PrivateKey;
  /** The same, an OpenSSH public key line. */
  readonly line: pulumi.Output<string>;
  /** Lines of all that the node may show until it has taken this step. */
  readonly lines: pulumi.Output<string>;
}

/** A generation of the keys that encrypt Secrets, the one that writes first. */
type EncryptionGeneration = (first: "derived" | "random") => pulumi.Output<EncryptionKey[]>;

const ECDSA = { algorithm: "ECDSA", ecdsaCurve: "P256" } as const;

/** What Exoscale has to take: its documentation shows RSA and Ed25519, and no other SSH key. */
const ED25519 = { algorithm: "ED25519" } as const;

/**
 * Every key and certificate of one cluster: an authority per purpose, so that what one signs is worth nothing to the
 * others; one key per node, and two more per master, for what reads what others write; least usages.
 */
export class Pki extends pulumi.ComponentResource {
  /**
   * By purpose. `kubernetes-ca` signs apiservers, kubelets, control plane clients and people; `front-proxy-ca` only what
   * speaks for users to extension apiservers.
   */
  readonly authorities: Readonly<Record<AuthorityName, Authority>>;
  /** `authorities["kubernetes-ca"]` */
  readonly kubernetesCA: Authority;
  /** Signs service-account tokens. */
  readonly serviceAccount: tls.PrivateKey;
  /** Opens core's account on every node for Pulumi. Ed25519, or ECDSA of a release before. */
  readonly ssh: tls.PrivateKey;
  /** One SSH host key for all masters: the elastic IP leads to any of them. */
  readonly masterHostKey: HostKey;
  /** The administrator's client certificate. Its group is bound to cluster-admin and, unlike system:masters, can be unbound. */
  readonly admin: { readonly key: pulumi.Output<string>; readonly cert: pulumi.Output<string> };
  /** As in its arguments. */
  readonly caReplacement: number;
  readonly keyReplacement: number;
  /** Refuses another key in the place of one in use. Whatever takes keys to nodes depends on it. */
  readonly inUse: pulumi.Resource;

  readonly #name: string;
  readonly #args: PkiArgs;
  readonly #keys: Record<string, ClusterKeyArgs> = {};
  readonly #serviceAccounts: readonly tls.PrivateKey[];
  readonly #sshKeys: readonly tls.PrivateKey[];
  readonly #encryptionKeys: readonly EncryptionGeneration[];
  readonly #infraEtcdPasswords: readonly pulumi.Output<string>[];

  /** @param name the cluster's name */
  constructor(name: string, args: PkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:Pki", name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.caReplacement = args.caReplacement;
    this.keyReplacement = args.keyReplacement ?? 0;
    this.authorities = forEach([...nodeAuthorities, ...masterAuthorities], (purpose) => this.#authority(purpose));
    this.kubernetesCA = this.authorities["kubernetes-ca"];
    const inUse = generations(this.keyReplacement);
    this.#serviceAccounts = inUse.map((generation) =>
      this.#clusterKey("keyReplacement", numbered(`${name}-service-account`, generation)),
    );
    this.#sshKeys = inUse.map((generation) => this.#sshKey(numbered(`${name}-ssh`, generation)));
    this.serviceAccount = this.#serviceAccounts[0]!;
    this.ssh = this.#sshKeys[0]!;
    this.masterHostKey = this.#hostKey((generation) =>
      this.#clusterKey("keyReplacement", numbered(`${name}-master-host-key`, generation)),
    );
    this.#encryptionKeys = inUse.map((generation) => this.#encryption(generation));
    this.#infraEtcdPasswords = inUse.map((generation) => this.#password(numbered(`${name}-infra-etcd`, generation)));
    const adminKey = this.#key(`${name}-admin`);
    this.admin = {
      key: adminKey.privateKeyPem,
      cert: this.#leaf(`${name}-admin`, adminKey, adminLeaf),
    };
    this.inUse = new ClusterKeys(
      name,
      { caReplacement: this.caReplacement, keyReplacement: this.keyReplacement, keys: this.#keys },
      { parent: this },
    );
    this.registerOutputs();
  }

  /** A worker's SSH host key: not the node's, since sshd reads it from the disk. */
  hostKey(node: string): HostKey {
    return this.#hostKey((generation) => this.#keptKey(numbered(`${node}-host-key`, generation)));
  }

  /**
   * The keys that encrypt Secrets in kubernetes-etcd: the first one writes, all of them read.
   *
   * @param secretsKey which of the first generation's two keys writes, as `ClusterOrigin` remembers it
   */
  encryptionKeys(secretsKey: pulumi.Output<"derived" | "random">): pulumi.Output<EncryptionKey[]> {
    return secretsKey
      .apply((first) => pulumi.all(this.#encryptionKeys.map((keysOf) => keysOf(first))))
      .apply((generations) => generations.flat());
  }

  /** The name of the first of `encryptionKeys`. */
  nameOfSecretsKey(secretsKey: pulumi.Output<"derived" | "random">): pulumi.Output<string> {
    const [generation] = generations(this.keyReplacement);
    return secretsKey.apply((first) =>
      generation === 1 && first === "derived" ? "key1" : numbered("random", generation!),
    );
  }

  /** What a worker's cloud-config holds of keys and certificates. */
  worker(node: NodeIdentity) {
    const key = this.#key(node.name);
    const described = workerLeaves(node);
    // States know the kubelet's request by the node's name: it was that of both leaves.
    const kubelet = this.#request(node.name, key, described.kubelet);
    const leaves: Record<NodeLeaf, pulumi.Output<string>> = {
      kubelet: this.#sign(`${node.name}-kubelet`, kubelet, described.kubelet),
      "infra-etcd": this.#leaf(`${node.name}-infra-etcd`, key, described["infra-etcd"]),
    };
    return {
      ...this.#ofEveryNode(key),
      infraEtcdKey: key.privateKeyPem,
      certificates: { ...this.#trusted(nodeAuthorities), ...leaves },
    };
  }

  /** What a master's cloud-config holds of keys and certificates, but for `encryptionKeys`. */
  master(node: MasterIdentity) {
    const key = this.#key(node.name);
    // The scheduler reads what tenants write, infra-etcd and flanneld what workers write. They need nothing else of their master,
    // whose own key makes an administrator of whoever has it.
    const own = forEach(leavesWithOwnKey, (leaf) => this.#key(`${node.name}-${leaf}`));
    const keys: Partial<Record<MasterLeaf, tls.PrivateKey>> = own;
    const described = masterLeaves(node, this.#args.serviceCIDR);
    const leaves = forEach(Object.keys(described) as MasterLeaf[], (leaf) =>
      this.#leaf(`${node.name}-${leaf}`, keys[leaf] ?? key, described[leaf]),
    );
    return {
      ...this.#ofEveryNode(key),
      certificates: { ...this.#trusted([...nodeAuthorities, ...masterAuthorities]), ...leaves },
      infraEtcdKey: own["infra-etcd"].privateKeyPem,
      schedulerKey: own.scheduler.privateKeyPem,
      sshHostKey: this.masterHostKey.key.privateKeyPem,
      kubernetesSigningCA: this.kubernetesCA.cert,
      kubernetesCAKey: this.kubernetesCA.key.privateKeyPem,
      infraEtcdPasswords: this.#infraEtcdPasswords,
      serviceAccountKey: this.serviceAccount.privateKeyPem,
      otherServiceAccountKeys: this.#serviceAccounts.slice(1).map((key) => key.publicKeyPem),
    };
  }

  #ofEveryNode(key: tls.PrivateKey) {
    return { key: key.privateKeyPem, stackPublicKeys: this.#sshKeys.map(publicLine) };
  }

  #trusted<Name extends AuthorityName>(names: readonly Name[]): Record<Name, pulumi.Output<string>> {
    return forEach(names, (name) => this.authorities[name].trusted);
  }

  #key(name: string, opts?: pulumi.CustomResourceOptions): tls.PrivateKey {
    return new tls.PrivateKey(name, ECDSA, { parent: this, ...opts });
  }

  /**
   * A key that is never replaced, only followed by another one. For `--replace` the engine asks the resources that depend
   * on it first, since it would be deleted before the new one is created: `ClusterKeys` and `Boot` refuse.
   */
  #keptKey(name: string): tls.PrivateKey {
    return this.#key(name, { deleteBeforeReplace: true });
  }

  /** A key of the whole cluster, known to `inUse`. */
  #clusterKey(
    setting: ClusterKeyArgs["setting"],
    name: string,
    key: tls.PrivateKey = this.#keptKey(name),
  ): tls.PrivateKey {
    this.#keys[name] = { setting, urn: key.urn, fingerprint: fingerprint(key.publicKeyPem) };
    return key;
  }

  /** Releases before made an ECDSA key. A stack of theirs keeps it until `keyReplacement` leads to another one. */
  #sshKey(name: string): tls.PrivateKey {
    const key = new tls.PrivateKey(name, ED25519, {
      parent: this,
      deleteBeforeReplace: true,
      // A difference in either would replace it.
      ignoreChanges: ["algorithm", "ecdsaCurve"],
    });
    return this.#clusterKey("keyReplacement", name, key);
  }

  #hostKey(make: (generation: number) => tls.PrivateKey): HostKey {
    const keys = generations(this.keyReplacement).map(make);
    const lines = keys.map(publicLine);
    return { key: keys[0]!, line: lines[0]!, lines: pulumi.all(lines).apply((all) => all.join("\n")) };
  }

  /** The first generation has two keys: releases before the random one derived theirs from a TLS key. */
  #encryption(generation: number): EncryptionGeneration {
    const fromPassword = pulumi.secret(
      this.#password(numbered(`${this.#name}-encryption-key`, generation)).apply((password) => ({
        name: numbered("random", generation),
        secret: createHash("sha256").update(password).digest("base64"),
      })),
    );
    if (generation > 1) return () => fromPassword.apply((key) => [key]);
    const key = this.#clusterKey("keyReplacement", `${this.#name}-encryption`);
    const fromTLSKey = pulumi.secret(key.privateKeyPem.apply(derivedKey));
    return (first) =>
      pulumi
        .all([fromPassword, fromTLSKey])
        .apply(([random, derived]) => (first === "derived" ? [derived, random] : [random, derived]));
  }

  /**
   * 64 letters and digits: 381 bits of entropy. Not `RandomBytes`, whose id is the secret: states hold ids in clear
   * (https://github.com/pulumi/pulumi/issues/8946).
   */
  #password(name: string): pulumi.Output<string> {
    const { result, urn } = new random.RandomPassword(
      name,
      { length: 64, special: false },
      { parent: this, deleteBeforeReplace: true },
    );
    // Nobody finds one of 381 bits by a hash.
    this.#keys[name] = { setting: "keyReplacement", urn, fingerprint: pulumi.unsecret(fingerprint(result)) };
    return result;
  }

  /** The one that signs at this step of a replacement, and the one that is trusted beside it. */
  #authority(purpose: AuthorityName): Authority {
    const [signs, ...others] = generations(this.caReplacement).map((generation) =>
      this.#generation(purpose, generation),
    );
    return { ...signs!, trusted: pulumi.concat(signs!.cert, ...others.map(({ cert }) => cert)) };
  }

  #generation(purpose: AuthorityName, generation: number): Pick<Authority, "key" | "cert"> {
    // Two authorities with the same subject confuse clients: they may try the wrong one only.
    const commonName = numbered(purpose, generation);
    const name = `${this.#name}-${commonName}`;
    const key = this.#clusterKey("caReplacement", name);
    const cert = new tls.SelfSignedCert(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        isCaCertificate: true,
        subject: { commonName },
        allowedUses: ["cert_signing", "crl_signing"],
        setSubjectKeyId: true,
        validityPeriodHours: this.#args.caValidity,
      },
      { parent: this },
    );
    this.#keys[`${name}-certificate`] = {
      setting: "caReplacement",
      urn: cert.urn,
      fingerprint: fingerprint(cert.certPem),
      validity: this.#args.caValidity,
    };
    return { key, cert: cert.certPem };
  }

  #leaf(name: string, key: tls.PrivateKey, leaf: Leaf): pulumi.Output<string> {
    return this.#sign(name, this.#request(name, key, leaf), leaf);
  }

  #request(
    name: string,
    key: tls.PrivateKey,
    { commonName, organization, dnsNames, ipAddresses }: Subject,
  ): tls.CertRequest {
    return new tls.CertRequest(
      name,
      { privateKeyPem: key.privateKeyPem, subject: { commonName, organization }, dnsNames, ipAddresses },
      { parent: this },
    );
  }

  #sign(
    name: string,
    { certRequestPem }: tls.CertRequest,
    { ca, uses }: Pick<Leaf, "ca" | "uses">,
  ): pulumi.Output<string> {
    const { cert, key } = this.authorities[ca];
    return new tls.LocallySignedCert(
      name,
      {
        certRequestPem,
        caCertPem: cert,
        caPrivateKeyPem: key.privateKeyPem,
        // An ECDSA key signs only; key_encipherment is RSA's.
        allowedUses: ["digital_signature", ...uses],
        validityPeriodHours: this.#args.leafValidity,
        earlyRenewalHours: this.#args.renewBefore,
      },
      { parent: this },
    ).certPem;
  }
}

/** An OpenSSH public key line as SSH clients compare it. */
export const publicLine = (key: tls.PrivateKey): pulumi.Output<string> =>
  key.publicKeyOpenssh.apply((line) => line.trim());

/** From a key that serves nothing else: https://www.rfc-editor.org/rfc/rfc5869 */
function derivedKey(pem: string): EncryptionKey {
  const bytes = hkdfSync("sha256", pem, "", "Secrets in kubernetes-etcd", 32);
  return { name: "key1", secret: Buffer.from(bytes).toString("base64") };
}

/**
 * The generations in use at a step, the one that signs, opens or writes first. Three steps lead to the next one: it is
 * accepted, it is used, it is alone.
 */
function generations(steps: number): number[] {
  const step = steps % 3;
  const generation = (steps - step) / 3 + 1;
  return [[generation], [generation, generation + 1], [generation + 1, generation]][step]!;
}

/** Names of the first generation have no number. */
const numbered = (name: string, generation: number): string => (generation === 1 ? name : `${name}-${generation}`);

/** Tells keys apart, and is no secret. */
const fingerprint = (text: pulumi.Output<string>): pulumi.Output<string> =>
  text.apply((value) => createHash("sha256").update(`fingerprint of ${value}`).digest("hex"));
