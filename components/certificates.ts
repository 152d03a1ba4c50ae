/** What each leaf certificate says, whom it names and who signs it. Names of leaves and authorities are those of ignition/certificates.ts. */
import type * as pulumi from "@pulumi/pulumi";
import type { Authority, MasterLeaf, NodeLeaf } from "../ignition/certificates.ts";
import { apiServiceAddress } from "../ignition/service-addresses.ts";

/** Who a worker's certificates are for. */
export interface NodeIdentity {
  /** Instance, node and host name. */
  name: string;
  /** Its public IPv4 address. */
  address: pulumi.Input<string>;
}

/** Who a master's certificates are for. */
export interface MasterIdentity extends NodeIdentity {
  /** The elastic IP. */
  apiAddress: pulumi.Input<string>;
}

/** Whom a leaf names. */
export interface Subject {
  commonName?: string;
  organization?: string;
  dnsNames?: string[];
  ipAddresses?: pulumi.Input<string>[];
}

/** What a leaf may be used for, as the tls provider writes it. */
export type Use = "client_auth" | "server_auth";

export interface Leaf extends Subject {
  /** The authority that signs it. */
  ca: Authority;
  uses: Use[];
}

const CLIENT: Use[] = ["client_auth"];
const SERVER: Use[] = ["server_auth"];
const BOTH: Use[] = ["client_auth", "server_auth"];

const LOOPBACK = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };

/** The administrator's: docs/security.md has what its group may do. */
export const adminLeaf: Leaf = {
  ca: "kubernetes-ca",
  commonName: "admin",
  organization: "kubernetes-on-exoscale:admins",
  uses: CLIENT,
};

/** A node as Kubernetes knows it: https://kubernetes.io/docs/reference/access-authn-authz/node/ */
export const kubeletSubject = ({ name, address }: NodeIdentity): Subject => ({
  commonName: `system:node:${name}`,
  organization: "system:nodes",
  dnsNames: [name],
  ipAddresses: [address],
});

/** A worker's leaves. */
export const workerLeaves = (node: NodeIdentity): Record<NodeLeaf, Leaf> => ({
  kubelet: { ca: "kubernetes-ca", ...kubeletSubject(node), uses: BOTH },
  // flanneld and locksmithd. One name for all workers: it is infra-etcd's user, so that scaling changes nothing there.
  "infra-etcd": { ca: "infra-etcd-ca", commonName: "worker", uses: CLIENT },
});

/** A master's leaves. */
export function masterLeaves(node: MasterIdentity, serviceCIDR: string): Record<MasterLeaf, Leaf> {
  const { name, address, apiAddress } = node;
  // Server and peer of one of the two etcds, and its client. infra-etcd has a user of that name, and both take no other peer.
  const member = { commonName: name, dnsNames: [name, "localhost"], ipAddresses: [address, "127.0.0.1"], uses: BOTH };
  return {
    kubelet: { ca: "kubernetes-ca", ...kubeletSubject(node), uses: BOTH },
    "infra-etcd": { ca: "infra-etcd-ca", ...member },
    // infra-etcd's API in JSON refuses a certificate with a name: bin/infra logs in with a password.
    "infra-etcd-json": { ca: "infra-etcd-ca", organization: "masters", uses: CLIENT },
    "kubernetes-etcd": { ca: "kubernetes-etcd-ca", ...member },
    apiserver: {
      ca: "kubernetes-ca",
      commonName: "kube-apiserver",
      dnsNames: [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        name,
      ],
      ipAddresses: [apiServiceAddress(serviceCIDR), address, apiAddress, "127.0.0.1"],
      uses: SERVER,
    },
    "apiserver-kubelet-client": { ca: "kubernetes-ca", commonName: "kube-apiserver-kubelet-client", uses: CLIENT },
    "apiserver-etcd-client": { ca: "kubernetes-etcd-ca", commonName: "kube-apiserver-etcd-client", uses: CLIENT },
    "front-proxy-client": { ca: "front-proxy-ca", commonName: "front-proxy-client", uses: CLIENT },
    "controller-manager": {
      ca: "kubernetes-ca",
      commonName: "system:kube-controller-manager",
      ...LOOPBACK,
      uses: BOTH,
    },
    scheduler: { ca: "kubernetes-ca", commonName: "system:kube-scheduler", ...LOOPBACK, uses: BOTH },
    // Root on a master applies the first RBAC rules with it.
    "super-admin": {
      ca: "kubernetes-ca",
      commonName: "kubernetes-super-admin",
      organization: "system:masters",
      uses: CLIENT,
    },
  };
}
