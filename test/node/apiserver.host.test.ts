/** A real apiserver that follows one of the release before, and whose log has no room left. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openMachine, until, type Machine } from "./machine.ts";

const LOG = "/var/log/kube-apiserver";
let node: Machine;

/** How often each status was the answer to so many requests, as many at a time as curl allows. */
async function answers(count: number, path: string): Promise<Record<string, number>> {
  const stdout = await node.must(`curl --silent --parallel --write-out '%{http_code}\\n' --output /dev/null \\
    --cacert /run/kubernetes/pki/kubernetes-ca.crt --cert /run/kubernetes/pki/super-admin.crt --key /run/kubernetes/pki/node.key \\
    'https://127.0.0.1:6443${path}n=[1-${count}]'`);
  const found: Record<string, number> = {};
  for (const code of stdout.split("\n")) found[code] = (found[code] ?? 0) + 1;
  return found;
}
const service = (name: string, address: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: { externalIPs: [address], ports: [{ port: 80 }] },
  });
const apply = (object: string) =>
  node.run(`/opt/bin/kubectl --kubeconfig /run/kubernetes/super-admin.kubeconfig apply --filename - <<< '${object}'`);

beforeAll(async () => {
  node = await openMachine();
  await node.startEtcd("kubernetes-etcd");
  // As in the release before.
  await node.startApiserver((flag) => flag.replace("DenyServiceExternalIPs,", ""));
  await until("a Service with an address", 30, () => apply(service("former", "192.0.2.1")));
  await node.must("pkill kube-apiserver; while pgrep kube-apiserver; do sleep 0.2; done >&2");
  await node.startApiserver((flag) => flag.replace("maxsize=100", "maxsize=1"));
}, 240_000);
afterAll(() => node[Symbol.asyncDispose]());

test("a Service with externalIPs is refused; one that has some keeps them, and gets no others", async () => {
  expect(await apply(service("new", "192.0.2.1"))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Use of external IPs is denied by admission control"),
  });
  expect(await apply(service("former", "192.0.2.1"))).toMatchObject({ code: 0 });
  await node.kubectl("label service former keeps=them");
  expect(await apply(service("former", "192.0.2.2"))).toMatchObject({ code: 1 });
});

const pod = (namespace: string, name: string, spec: object) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "one", image: "none" }], serviceAccountName: "default", ...spec },
  });

test("outside of kube-system the level is enforced, and what restricted would refuse is warned of", async () => {
  for (const namespace of ["default", "kube-system"])
    await until("the account", 30, () =>
      apply(JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } })),
    );
  expect(await apply(pod("default", "in-the-hosts-network", { hostNetwork: true }))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'),
  });
  expect(await apply(pod("default", "plain", {}))).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Warning: would violate PodSecurity "restricted:latest"'),
  });
  expect(await apply(pod("kube-system", "in-the-hosts-network", { hostNetwork: true }))).toMatchObject({
    code: 0,
    stderr: "",
  });
});

test("a stricter level is asked about by the API's own word, and a namespace with a level of its own is its owner's", async () => {
  const script = readFileSync(join(import.meta.dirname, "../../node/remote/pod-security"), "utf8");
  node.place("/run/pod-security", script);
  await node.kubectl("create namespace csi");
  await node.kubectl("label namespace csi pod-security.kubernetes.io/enforce=privileged");
  expect(
    await apply(
      JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "csi" } }),
    ),
  ).toMatchObject({ code: 0 });
  expect(await apply(pod("csi", "driver", { hostNetwork: true }))).toMatchObject({ code: 0 });
  const asked = async () => node.must("bash /run/pod-security restricted");
  expect(await asked()).toMatch(/^existing pods in namespace "default" violate .*"restricted:latest"\nplain: .*$/);
  await node.kubectl("label namespace csi pod-security.kubernetes.io/enforce-");
  expect(await asked()).toMatch(
    /^existing pods in namespace "csi" violate .*\ndriver: host namespaces, .*\nexisting pods in/,
  );
});

test("the log is rotated, and a full disk stops no request", { timeout: 120_000 }, async () => {
  const path = "/api/v1/namespaces/default/configmaps?";
  await answers(2500, path);
  await until("a second file", 30, () => node.run(`ls ${LOG}/audit-*.log`));
  await node.must(
    `mount --options remount,size=20m /var/log; dd if=/dev/zero of=/var/log/full bs=64k 2> /dev/null || true`,
  );
  await node.must("! echo more > /var/log/other 2> /dev/null");
  expect(await answers(1000, path)).toEqual({ "200": 1000 });
  expect((await node.run("curl -sfk https://127.0.0.1:6443/readyz")).code).toBe(0);
});
