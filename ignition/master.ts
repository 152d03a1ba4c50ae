import { ports } from "../ports.ts";
import { images } from "../versions.ts";
import { toYAML } from "./cloudconfig.ts";
import { masterCertificates } from "./certificates.ts";
import { dockerImage } from "./download.ts";
import { masterEnvironment } from "./environment.ts";
import { kubeconfig, manifest, pki, plain, script, secret } from "./file.ts";
import { authorizedKeys, commonFiles, unit, units, values } from "./node.ts";
import { fill } from "./template.ts";
import type { MasterArgs } from "./types.ts";

/** kubelet.yaml's part that keeps ordinary pods off a master. */
const TAINTS = `registerWithTaints:
  - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}`;

/** What the configurations of the two etcds differ in. */
interface Etcd {
  readonly etcd: "kubernetes-etcd" | "infra-etcd";
  readonly client: number;
  readonly peer: number;
  readonly metrics: number;
  /** The line that enables the v2 API, or empty. */
  readonly v2: string;
}

const ETCDS: readonly Etcd[] = [
  {
    etcd: "kubernetes-etcd",
    client: ports.etcdClient,
    peer: ports.etcdPeer,
    metrics: ports.etcdMetrics,
    v2: "",
  },
  {
    etcd: "infra-etcd",
    client: ports.infraEtcdClient,
    peer: ports.infraEtcdPeer,
    metrics: ports.infraEtcdMetrics,
    // locksmith speaks the v2 API only.
    v2: "enable-v2: true",
  },
];

/** A master's cloud-config: what every node runs, both etcds and the control plane. */
export function renderMaster(master: MasterArgs): string {
  const v: Record<string, string | number> = {
    ...values(master),
    apiserverImage: images.apiserver,
    controllerManagerImage: images.controllerManager,
    schedulerImage: images.scheduler,
    etcdImage: images.etcd,
    infraEtcdImage: dockerImage("infraEtcd", master.mirror),
    encryptionKeys: master.encryptionKeys.map(({ name, secret }) => `{name: ${name}, secret: ${secret}}`).join(", "),
  };
  return toYAML({
    hostname: master.name,
    authorizedKeys: authorizedKeys(master),
    files: [
      ...masterCertificates.map((name) => pki(`${name}.crt`, master.certificates[name])),
      pki("kubernetes-signing-ca.crt", master.kubernetesSigningCA),
      pki("kubernetes-signing-ca.key", master.kubernetesCAKey),
      pki("service-account.key", master.serviceAccountKey),
      pki("service-account.pub", master.serviceAccountPublicKey),
      ...["controller-manager", "scheduler", "super-admin"].map(kubeconfig),
      plain("authentication.yaml", fill("master/authentication.yaml", v)),
      secret("encryption.yaml", fill("master/encryption.yaml", v)),
      plain("rbac.yaml", fill("master/rbac.yaml", v)),
      // bin/etcd-join completes them.
      ...ETCDS.map((own) => plain(`etcd/${own.etcd}.base.yaml`, fill("master/etcd.base.yaml", { ...v, ...own }))),
      manifest("kube-apiserver", fill("master/kube-apiserver.yaml", v)),
      // kubernetes-etcd-join.service moves the first to the manifests once the member can start, bin/bootstrap the others.
      ...["kubernetes-etcd", "kube-controller-manager", "kube-scheduler"].map((name) =>
        plain(`later/${name}.yaml`, fill(`master/${name}.yaml`, v)),
      ),
      ...[
        "master-health",
        "master-drain",
        "master-report",
        "etcd-join",
        "flannel-config",
        "bootstrap",
        "node-join",
        "node-remove",
      ].map((name) => script(`master/${name}`)),
      ...commonFiles(master, masterEnvironment(master), TAINTS),
    ],
    units: units(
      master,
      ["infra-etcd.service", "flannel-config.service", "kubernetes-etcd-join.service", "bootstrap.service"].map(
        (name) => unit("master", name, v),
      ),
    ),
  });
}
