import { ports } from "../ports.ts";
import { images } from "../versions.ts";
import { toYAML, type File } from "./cloudconfig.ts";
import { masterCertificates } from "./certificates.ts";
import {
  authorizedKeys,
  commonFiles,
  dockerImage,
  kubeconfig,
  manifest,
  pki,
  plain,
  script,
  secret,
  unit,
  units,
  values,
} from "./node.ts";
import { fill } from "./template.ts";
import type { MasterArgs } from "./types.ts";

/** kubelet.yaml's part that keeps ordinary pods off a master. */
const TAINTS = `registerWithTaints:
  - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}`;

/** A member of one of the two etcds: its configuration, and what etcd-join needs to complete it. */
function etcdMember(
  master: MasterArgs,
  etcd: string,
  own: { client: number; peer: number; metrics: number; v2: string },
): File[] {
  const url = (address: string, port: number): string => `https://${address}:${port}`;
  return [
    plain(
      `etcd/${etcd}.base.yaml`,
      fill("master/etcd.base.yaml", { ...own, etcd, name: master.name, address: master.address }),
    ),
    plain(
      `etcd/${etcd}.env`,
      fill("master/etcd.env", {
        cluster: master.masters.map(({ name, address }) => `${name}=${url(address, own.peer)}`).join(","),
        self: url(master.address, own.peer),
        others: master.masters
          .filter(({ name }) => name !== master.name)
          .map(({ address }) => url(address, own.client))
          .join(" "),
      }),
    ),
  ];
}

/** A master's cloud-config: both etcds, the control plane, and what every node runs. */
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
      ...commonFiles(master, {
        role: "master",
        masterHealth: fill("master/health", v),
        masterDrain: fill("master/drain", v),
        etcdReport: fill("master/report", v),
        taints: TAINTS,
      }),
      ...masterCertificates.map((name) => pki(`${name}.crt`, master.certificates[name])),
      pki("kubernetes-signing-ca.crt", master.kubernetesSigningCA),
      pki("kubernetes-signing-ca.key", master.kubernetesCAKey),
      pki("service-account.key", master.serviceAccountKey),
      pki("service-account.pub", master.serviceAccountPublicKey),
      ...["controller-manager", "scheduler", "super-admin"].map(kubeconfig),
      plain("authentication.yaml", fill("master/authentication.yaml", v)),
      secret("encryption.yaml", fill("master/encryption.yaml", v)),
      plain("rbac.yaml", fill("master/rbac.yaml", v)),
      ...etcdMember(master, "kubernetes-etcd", {
        client: ports.etcdClient,
        peer: ports.etcdPeer,
        metrics: ports.etcdMetrics,
        v2: "",
      }),
      ...etcdMember(master, "infra-etcd", {
        // locksmith speaks the v2 API only.
        client: ports.infraEtcdClient,
        peer: ports.infraEtcdPeer,
        metrics: ports.infraEtcdMetrics,
        v2: "enable-v2: true",
      }),
      manifest("kube-apiserver", fill("master/kube-apiserver.yaml", v)),
      // Put among the manifests by kubernetes-etcd-join.service, once it is decided how the member starts, and by bootstrap.
      ...["kubernetes-etcd", "kube-controller-manager", "kube-scheduler"].map((name) =>
        plain(`later/${name}.yaml`, fill(`master/${name}.yaml`, v)),
      ),
      ...["etcd-join", "flannel-config", "bootstrap", "node-join", "node-remove"].map((name) =>
        script(name, fill(`master/${name}`, v)),
      ),
    ],
    units: units(
      master,
      ["infra-etcd.service", "flannel-config.service", "kubernetes-etcd-join.service", "bootstrap.service"].map(
        (name) => unit("master", name, v),
      ),
    ),
  });
}
