/**
 * The certificates on a node. Each is the file `pki/NAME.crt` (bin/certificates writes it) and stands under its NAME in
 * `NodeArgs.certificates`.
 * components/certificates.ts has whom they name, who signs them and what for.
 */

/** Authorities that every node trusts: the one that signs and, while it is being replaced, the other one behind it. */
export const nodeAuthorities = ["kubernetes-ca", "infra-etcd-ca"] as const;
/** Leaves of every node. */
export const nodeLeaves = ["kubelet", "infra-etcd"] as const;

/** Authorities that masters trust in addition. */
export const masterAuthorities = ["front-proxy-ca", "kubernetes-etcd-ca"] as const;
/** Leaves that masters have in addition. */
export const masterLeaves = [
  "infra-etcd-json",
  "kubernetes-etcd",
  "apiserver",
  "apiserver-kubelet-client",
  "apiserver-etcd-client",
  "front-proxy-client",
  "controller-manager",
  "scheduler",
  "super-admin",
] as const;

/** Leaves with a key of their own on masters. All others are for the node's. */
export const leavesWithOwnKey = ["infra-etcd", "scheduler"] as const;

export const nodeCertificates = [...nodeAuthorities, ...nodeLeaves] as const;
export const masterCertificates = [...masterAuthorities, ...masterLeaves] as const;

export type Authority = (typeof nodeAuthorities | typeof masterAuthorities)[number];
export type NodeLeaf = (typeof nodeLeaves)[number];
export type MasterLeaf = NodeLeaf | (typeof masterLeaves)[number];
export type NodeCertificate = (typeof nodeCertificates)[number];
export type MasterCertificate = NodeCertificate | (typeof masterCertificates)[number];

/** One value for each of some names. */
export function forEach<Name extends string, T>(names: readonly Name[], make: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>;
}
