/** What each static pod sees of a node, by the node's own scripts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { users } from "../../ignition/users.ts";
import { openMachine, type Machine } from "./machine.ts";

let node: Machine;
beforeAll(async () => {
  node = await openMachine();
  // As a release before this one leaves it.
  await node.must("mkdir -p /var/lib/kubernetes-etcd/member/wal && touch /var/lib/kubernetes-etcd/member/wal/0.wal");
  for (let run = 0; run < 2; run++) await node.must("bash /run/kubernetes/bin/pod-files");
}, 120_000);
afterAll(() => node[Symbol.asyncDispose]());

test.each([
  ["kubernetes-etcd", users.etcdUser, ["pki/kubernetes-etcd-ca.crt", "pki/kubernetes-etcd.crt", "pki/node.key"]],
  [
    "kube-apiserver",
    users.apiserverUser,
    [
      "admission.yaml",
      "audit.yaml",
      "authentication.yaml",
      "encryption.yaml",
      ...["apiserver-etcd-client", "apiserver-kubelet-client", "apiserver", "front-proxy-ca", "front-proxy-client"].map(
        (name) => `pki/${name}.crt`,
      ),
      "pki/kubernetes-ca.crt",
      "pki/kubernetes-etcd-ca.crt",
      "pki/node.key",
      "pki/service-account.key",
    ],
  ],
  [
    "kube-controller-manager",
    users.controllerManagerUser,
    [
      "controller-manager.kubeconfig",
      "pki/controller-manager.crt",
      "pki/front-proxy-ca.crt",
      "pki/kubernetes-ca.crt",
      "pki/kubernetes-signing-ca.crt",
      "pki/kubernetes-signing-ca.key",
      "pki/node.key",
      "pki/service-account.key",
    ],
  ],
  [
    "kube-scheduler",
    users.schedulerUser,
    [
      "pki/front-proxy-ca.crt",
      "pki/kubernetes-ca.crt",
      "pki/scheduler.crt",
      "pki/scheduler.key",
      "scheduler.kubeconfig",
    ],
  ],
  [
    "kube-proxy",
    0,
    ["kube-proxy.yaml", "kubelet.kubeconfig", "pki/kubelet.crt", "pki/kubernetes-ca.crt", "pki/node.key"],
  ],
] as const)("%s sees its own files, and nobody else does", async (pod, user, files) => {
  const seen = await node.must(`cd /run/kubernetes/pods/${pod} && find . -type f -printf '%P\\n'`);
  expect(seen.split("\n").sort()).toEqual([...files].sort());
  expect(
    (await node.must(`cd /run/kubernetes/pods/${pod} && stat --format '%a %u %g' $(find .) | sort -u`)).trim(),
  ).toBe(`400 ${user} ${user}\n500 ${user} ${user}`);
});

test("what a pod writes is its user's, also what root wrote in a former release", async () => {
  const owners = await node.must(
    "stat --format '%u:%g' /var/lib/kubernetes-etcd /var/lib/kubernetes-etcd/member/wal/0.wal /var/log/kube-apiserver",
  );
  const [etcd, apiserver] = [users.etcdUser, users.apiserverUser];
  expect(owners.split("\n")).toEqual([`${etcd}:${etcd}`, `${etcd}:${etcd}`, `${apiserver}:${apiserver}`]);
  await node.must("rm -r /var/lib/kubernetes-etcd/member");
});

test("root alone reads the manifest that bin/etcd-join completes", async () => {
  await node.must("bash /run/kubernetes/bin/etcd-join kubernetes-etcd");
  expect((await node.must("stat --format %a /run/kubernetes/manifests/kubernetes-etcd.yaml")).trim()).toBe("600");
});
