import { createHash, hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import type { EncryptionKey } from "../ignition/index.ts";
import { addressIn } from "../ignition/node.ts";

export interface PkiArgs {
  /** IPv4 network of the Services; its first address goes into the apiservers' certificates. */
  serviceCIDR: string;
  /** Hours that leaves are valid. */
  leafValidity: number;
  /** Hours before a leaf's end from which `pulumi up` renews it. */
  renewBefore: number;
  /** Hours that the authorities are valid. They are never renewed by themselves: that changes every leaf. */
  caValidity: number;
  /**
   * Steps taken towards other authorities, three for each replacement: the next ones are trusted beside those that
   * sign, then they sign and the former are trusted beside them, then the former are gone. So at each step, and in the
   * middle of any, everybody trusts all who sign.
   */
  caReplacement: number;
}

/** Who a node's certificates are for. */
export interface NodeIdentity {
  /** Instance, node and host name. */
  name: string;
  /** Its public IPv4 address. */
  address: pulumi.Input<string>;
}

export interface MasterIdentity extends NodeIdentity {
  /** The elastic IP. */
  apiAddress: pulumi.Input<string>;
}

type Use = "client_auth" | "server_auth";
const CLIENT: Use[] = ["client_auth"];
const SERVER: Use[] = ["server_auth"];
const BOTH: Use[] = ["client_auth", "server_auth"];

interface Authority {
  readonly key: tls.PrivateKey;
  readonly cert: pulumi.Output<string>;
  /** PEM of all that are trusted for this purpose, the one that signs first. */
  readonly trusted: pulumi.Output<string>;
}

/** Whom a leaf names. */
interface Subject {
  commonName: string;
  organization?: string;
  dnsNames?: string[];
  ipAddresses?: pulumi.Input<string>[];
}

interface Leaf extends Subject {
  ca: Authority;
  uses: Use[];
}

const ECDSA = { algorithm: "ECDSA", ecdsaCurve: "P256" } as const;

/**
 * Every key and certificate of one cluster: an authority per purpose, so that what one signs is worth nothing to the
 * others; one key per node, whose leaves name that node and its addresses; least usages.
 */
export class Pki extends pulumi.ComponentResource {
  /** Signs apiservers, kubelets, control plane clients, people. */
  readonly kubernetesCA: Authority;
  /** Signs only what speaks for users to extension apiservers. */
  readonly frontProxyCA: Authority;
  readonly kubernetesEtcdCA: Authority;
  readonly infraEtcdCA: Authority;
  /** Signs service-account tokens. */
  readonly serviceAccount: tls.PrivateKey;
  /** Pulumi's way into the nodes as core. */
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

  readonly #name: string;
  readonly #args: PkiArgs;

  /** @param name the cluster's name */
  constructor(name: string, args: PkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:Pki", name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.kubernetesCA = this.#authority("kubernetes-ca");
    this.frontProxyCA = this.#authority("front-proxy-ca");
    this.kubernetesEtcdCA = this.#authority("kubernetes-etcd-ca");
    this.infraEtcdCA = this.#authority("infra-etcd-ca");
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
      cert: this.#leaf(`${name}-admin`, adminKey, {
        ca: this.kubernetesCA,
        commonName: "admin",
        organization: "kubernetes-on-exoscale:admins",
        uses: CLIENT,
      }),
    };
    this.registerOutputs();
  }

  /** A worker's SSH host key: not the node's, since sshd reads it from the disk. */
  hostKey(node: string): tls.PrivateKey {
    return this.#key(`${node}-host-key`);
  }

  /**
   * A worker's key and leaves, by their names in `WorkerArgs`. Both leaves are of one request: workers are many, and each
   * resource costs every preview time and memory.
   */
  worker(node: NodeIdentity) {
    const key = this.#key(node.name);
    const request = this.#request(node.name, key, kubelet(node));
    return {
      key: key.privateKeyPem,
      kubeletCert: this.#sign(`${node.name}-kubelet`, request, this.kubernetesCA, BOTH),
      infraEtcdCert: this.#sign(`${node.name}-infra-etcd`, request, this.infraEtcdCA, CLIENT),
    };
  }

  /** A master's key and leaves, by their names in `MasterArgs`. */
  master(node: MasterIdentity) {
    const { name, address } = node;
    const key = this.#key(name);
    const leaf = (suffix: string, args: Leaf) => this.#leaf(`${name}-${suffix}`, key, args);
    const client = (ca: Authority, commonName: string): Leaf => ({ ca, commonName, uses: CLIENT });
    const loopback = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
    const member = { commonName: name, dnsNames: [name, "localhost"], ipAddresses: [address, "127.0.0.1"], uses: BOTH };
    return {
      key: key.privateKeyPem,
      kubeletCert: leaf("kubelet", { ca: this.kubernetesCA, ...kubelet(node), uses: BOTH }),
      infraEtcdCert: leaf("infra-etcd", { ca: this.infraEtcdCA, ...member }),
      kubernetesEtcdCert: leaf("kubernetes-etcd", { ca: this.kubernetesEtcdCA, ...member }),
      apiserverCert: leaf("apiserver", {
        ca: this.kubernetesCA,
        commonName: "kube-apiserver",
        dnsNames: [
          "kubernetes",
          "kubernetes.default",
          "kubernetes.default.svc",
          "kubernetes.default.svc.cluster.local",
          "localhost",
          name,
        ],
        ipAddresses: [addressIn(this.#args.serviceCIDR, 1), address, node.apiAddress, "127.0.0.1"],
        uses: SERVER,
      }),
      apiserverKubeletClientCert: leaf(
        "apiserver-kubelet-client",
        client(this.kubernetesCA, "kube-apiserver-kubelet-client"),
      ),
      apiserverEtcdClientCert: leaf(
        "apiserver-etcd-client",
        client(this.kubernetesEtcdCA, "kube-apiserver-etcd-client"),
      ),
      frontProxyClientCert: leaf("front-proxy-client", client(this.frontProxyCA, "front-proxy-client")),
      controllerManagerCert: leaf("controller-manager", {
        ca: this.kubernetesCA,
        commonName: "system:kube-controller-manager",
        ...loopback,
        uses: BOTH,
      }),
      schedulerCert: leaf("scheduler", {
        ca: this.kubernetesCA,
        commonName: "system:kube-scheduler",
        ...loopback,
        uses: BOTH,
      }),
      superAdminCert: leaf("super-admin", {
        ca: this.kubernetesCA,
        commonName: "kubernetes-super-admin",
        organization: "system:masters",
        uses: CLIENT,
      }),
    };
  }

  #key(name: string): tls.PrivateKey {
    return new tls.PrivateKey(name, ECDSA, { parent: this });
  }

  /** 64 letters and digits: 381 bits of entropy. Not `RandomBytes`, whose id is the secret in clear in the state. */
  #password(name: string): pulumi.Output<string> {
    return new random.RandomPassword(name, { length: 64, special: false }, { parent: this }).result;
  }

  /** The one that signs now, and whoever is trusted beside it. */
  #authority(purpose: string): Authority {
    const step = this.#args.caReplacement % 3;
    const generation = (this.#args.caReplacement - step) / 3 + 1;
    const current = this.#generation(purpose, generation);
    if (step === 0) return { ...current, trusted: current.cert };
    const next = this.#generation(purpose, generation + 1);
    const [signs, other] = step === 1 ? [current, next] : [next, current];
    return { ...signs, trusted: pulumi.concat(signs.cert, other.cert) };
  }

  #generation(purpose: string, generation: number): Pick<Authority, "key" | "cert"> {
    // Whoever is shown two by one name might try the wrong one only.
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

  #leaf(name: string, key: tls.PrivateKey, { ca, uses, ...subject }: Leaf): pulumi.Output<string> {
    return this.#sign(name, this.#request(name, key, subject), ca, uses);
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

  #sign(name: string, { certRequestPem }: tls.CertRequest, ca: Authority, uses: Use[]): pulumi.Output<string> {
    return new tls.LocallySignedCert(
      name,
      {
        certRequestPem,
        caCertPem: ca.cert,
        caPrivateKeyPem: ca.key.privateKeyPem,
        // An ECDSA key signs only; key_encipherment is RSA's.
        allowedUses: ["digital_signature", ...uses],
        validityPeriodHours: this.#args.leafValidity,
        earlyRenewalHours: this.#args.renewBefore,
      },
      { parent: this },
    ).certPem;
  }
}

/** As Kubernetes knows a node: https://kubernetes.io/docs/reference/access-authn-authz/node/ */
const kubelet = ({ name, address }: NodeIdentity): Subject => ({
  commonName: `system:node:${name}`,
  organization: "system:nodes",
  dnsNames: [name],
  ipAddresses: [address],
});

/** From a key that serves nothing else: https://www.rfc-editor.org/rfc/rfc5869 */
function derivedKey(pem: string): EncryptionKey {
  const bytes = hkdfSync("sha256", pem, "", "Secrets in kubernetes-etcd", 32);
  return { name: "key1", secret: Buffer.from(bytes).toString("base64") };
}

function randomKey(password: string): EncryptionKey {
  return { name: "random", secret: createHash("sha256").update(password).digest("base64") };
}
