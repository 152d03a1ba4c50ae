import { createHash, hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import {
  forEach,
  masterAuthorities,
  nodeAuthorities,
  type Authority as AuthorityName,
  type MasterLeaf,
  type NodeLeaf,
} from "../ignition/certificates.ts";
import type { EncryptionKey } from "../ignition/index.ts";
import {
  adminLeaf,
  kubeletSubject,
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
}

interface Authority {
  readonly key: tls.PrivateKey;
  /** PEM of the one that signs. */
  readonly cert: pulumi.Output<string>;
  /** PEM of all that are trusted for this purpose, the one that signs first. */
  readonly trusted: pulumi.Output<string>;
}

const ECDSA = { algorithm: "ECDSA", ecdsaCurve: "P256" } as const;

/**
 * Every key and certificate of one cluster: an authority per purpose, so that what one signs is worth nothing to the
 * others; one key per node, whose leaves name that node and its addresses; least usages.
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
  /** Opens core's account on every node for Pulumi. */
  readonly ssh: tls.PrivateKey;
  /** One SSH host key for all masters: the elastic IP leads to any of them. */
  readonly masterHostKey: tls.PrivateKey;
  /** Encrypt Secrets in kubernetes-etcd. */
  readonly encryptionKeys: {
    /** Of the releases that derived it from a TLS key. Their Secrets stay readable by it. */
    readonly derived: pulumi.Output<EncryptionKey>;
    readonly random: pulumi.Output<EncryptionKey>;
  };
  /** The administrator's client certificate. Its group is bound to cluster-admin and, unlike system:masters, can be unbound. */
  readonly admin: { readonly key: pulumi.Output<string>; readonly cert: pulumi.Output<string> };
  /** As in its arguments. */
  readonly caReplacement: number;

  readonly #name: string;
  readonly #args: PkiArgs;

  /** @param name the cluster's name */
  constructor(name: string, args: PkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:Pki", name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.caReplacement = args.caReplacement;
    this.authorities = forEach([...nodeAuthorities, ...masterAuthorities], (purpose) => this.#authority(purpose));
    this.kubernetesCA = this.authorities["kubernetes-ca"];
    this.serviceAccount = this.#key(`${name}-service-account`);
    this.ssh = this.#key(`${name}-ssh`);
    this.masterHostKey = this.#key(`${name}-master-host-key`);
    this.encryptionKeys = {
      derived: pulumi.secret(this.#key(`${name}-encryption`).privateKeyPem.apply(derivedKey)),
      random: pulumi.secret(this.#password(`${name}-encryption-key`).apply(randomKey)),
    };
    const adminKey = this.#key(`${name}-admin`);
    this.admin = {
      key: adminKey.privateKeyPem,
      cert: this.#leaf(`${name}-admin`, adminKey, adminLeaf),
    };
    this.registerOutputs();
  }

  /** A worker's SSH host key: not the node's, since sshd reads it from the disk. */
  hostKey(node: string): tls.PrivateKey {
    return this.#key(`${node}-host-key`);
  }

  /**
   * What a worker's cloud-config holds of keys and certificates. Both leaves are of one request: workers are many, and
   * each resource costs every preview time and memory.
   */
  worker(node: NodeIdentity) {
    const key = this.#key(node.name);
    const request = this.#request(node.name, key, kubeletSubject(node));
    const leaves = forEach(Object.keys(workerLeaves) as NodeLeaf[], (leaf) =>
      this.#sign(`${node.name}-${leaf}`, request, workerLeaves[leaf]),
    );
    return { ...this.#ofEveryNode(key), certificates: { ...this.#trusted(nodeAuthorities), ...leaves } };
  }

  /** What a master's cloud-config holds of keys and certificates, but for `encryptionKeys`. */
  master(node: MasterIdentity) {
    const key = this.#key(node.name);
    const described = masterLeaves(node, this.#args.serviceCIDR);
    const leaves = forEach(Object.keys(described) as MasterLeaf[], (leaf) =>
      this.#leaf(`${node.name}-${leaf}`, key, described[leaf]),
    );
    return {
      ...this.#ofEveryNode(key),
      certificates: { ...this.#trusted([...nodeAuthorities, ...masterAuthorities]), ...leaves },
      sshHostKey: this.masterHostKey.privateKeyOpenssh,
      kubernetesSigningCA: this.kubernetesCA.cert,
      kubernetesCAKey: this.kubernetesCA.key.privateKeyPem,
      serviceAccountKey: this.serviceAccount.privateKeyPem,
      serviceAccountPublicKey: this.serviceAccount.publicKeyPem,
    };
  }

  #ofEveryNode(key: tls.PrivateKey) {
    return { key: key.privateKeyPem, stackPublicKey: publicLine(this.ssh) };
  }

  #trusted<Name extends AuthorityName>(names: readonly Name[]): Record<Name, pulumi.Output<string>> {
    return forEach(names, (name) => this.authorities[name].trusted);
  }

  #key(name: string): tls.PrivateKey {
    return new tls.PrivateKey(name, ECDSA, { parent: this });
  }

  /**
   * 64 letters and digits: 381 bits of entropy. Not `RandomBytes`, whose id is the secret: states hold ids in clear
   * (https://github.com/pulumi/pulumi/issues/8946).
   */
  #password(name: string): pulumi.Output<string> {
    return new random.RandomPassword(name, { length: 64, special: false }, { parent: this }).result;
  }

  /** The one that signs at this step of a replacement, and the one that is trusted beside it. */
  #authority(purpose: AuthorityName): Authority {
    const step = this.#args.caReplacement % 3;
    const generation = (this.#args.caReplacement - step) / 3 + 1;
    const current = this.#generation(purpose, generation);
    if (step === 0) return { ...current, trusted: current.cert };
    const next = this.#generation(purpose, generation + 1);
    const [signs, other] = step === 1 ? [current, next] : [next, current];
    return { ...signs, trusted: pulumi.concat(signs.cert, other.cert) };
  }

  #generation(purpose: AuthorityName, generation: number): Pick<Authority, "key" | "cert"> {
    // Two authorities with the same subject confuse clients: they may try the wrong one only.
    const commonName = generation === 1 ? purpose : `${purpose}-${generation}`;
    const name = `${this.#name}-${commonName}`;
    const key = this.#key(name);
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

function randomKey(password: string): EncryptionKey {
  return { name: "random", secret: createHash("sha256").update(password).digest("base64") };
}
