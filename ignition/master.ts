import { images } from "../versions.ts";
import { toYAML } from "./cloudconfig.ts";
import { masterCertificates } from "./certificates.ts";
import { masterEnvironment } from "./environment.ts";
import { kubeconfig, manifest, pki, plain, script, secret } from "./file.ts";
import { authorizedKeys, commonFiles, pkiCertificates, unit, units, values } from "./node.ts";
import { fill } from "./template.ts";
import type { MasterArgs } from "./types.ts";
import { users } from "./users.ts";

/** kubelet.yaml's part that keeps ordinary pods off a master. */
const TAINTS = `registerWithTaints:
  - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}`;

/** A master's cloud-config: what every node runs, both etcds and the control plane. */
export function renderMaster(master: MasterArgs): string {
  const v: Record<string, string | number> = {
    ...values(master),
    apiserverImage: images.apiserver,
    controllerManagerImage: images.controllerManager,
    schedulerImage: images.scheduler,
    etcdImage: images.etcd,
    infraEtcdImage: images.infraEtcd,
    ...users,
    podSecurity: master.podSecurity,
    masterNames: master.masters.map(({ name }) => name).join(","),
    encryptionKeys: master.encryptionKeys.map(({ name, secret }) => `{name: ${name}, secret: ${secret}}`).join(", "),
  };
  return toYAML({
    hostname: master.name,
    authorizedKeys: authorizedKeys(master),
    files: [
      pki("infra-etcd.passwords", `${master.infraEtcdPasswords.join("\n")}\n`),
      ...["controller-manager", "super-admin"].map((user) => kubeconfig(user)),
      kubeconfig("scheduler", "scheduler"),
      ...["admission", "audit", "authentication"].map((name) => plain(`${name}.yaml`, fill(`master/${name}.yaml`, v))),
      secret("encryption.yaml", fill("master/encryption.yaml", v)),
      plain("rbac.yaml", fill("master/rbac.yaml", v)),
      // bin/etcd-join completes it, and the pod of kubernetes-etcd.
      plain("etcd/infra-etcd.base.yaml", fill("master/infra-etcd.base.yaml", v)),
      manifest("kube-apiserver", fill("master/kube-apiserver.yaml", v)),
      // bin/etcd-join moves the first to the manifests once the member can start, bin/bootstrap the others.
      ...["kubernetes-etcd", "kube-controller-manager", "kube-scheduler"].map((name) =>
        plain(`later/${name}.yaml`, fill(`master/${name}.yaml`, v)),
      ),
      ...[
        "master-health",
        "master-drain",
        "etcd-join",
        "infra",
        "infra-etcd-users",
        "flannel-config",
        "api-ready",
        "bootstrap",
        "node-join",
        "node-remove",
      ].map((name) => script(`master/${name}`)),
      ...commonFiles(master, masterEnvironment(master), TAINTS, {
        ...pkiCertificates(masterCertificates, master.certificates),
        "pki/scheduler.key": master.schedulerKey,
        "pki/kubernetes-signing-ca.crt": master.kubernetesSigningCA,
        "pki/kubernetes-signing-ca.key": master.kubernetesCAKey,
        // The first key signs, all of them verify: apiserver and controller manager read it from the same file.
        "pki/service-account.key": [master.serviceAccountKey, ...master.otherServiceAccountKeys].join(""),
      }),
    ],
    units: units(
      master,
      [
        "infra-etcd.service",
        "flannel-config.service",
        "kubernetes-etcd-join.service",
        "bootstrap.service",
        "api-ready.service",
      ].map((name) => unit("master", name, v)),
    ),
  });
}
