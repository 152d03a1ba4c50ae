/** A node that goes down and one that is removed, with a real kube-apiserver and a node's own rights only. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { drainAnnotation, releaseNetworkCommand } from "../../node/remote/scripts.ts";
import { openMachine, until, type Machine } from "./machine.ts";

interface NodeObject {
  metadata: { annotations?: Record<string, string> };
  spec: { unschedulable?: boolean };
}

let node: Machine;
let me: string;
beforeAll(async () => {
  node = await openMachine();
  me = node.args.name;
  await Promise.all([node.startEtcd("infra-etcd"), node.startEtcd("kubernetes-etcd")]);
  await node.startApiserver();
  await node.kubectl("create serviceaccount default");
}, 180_000);
afterAll(() => node[Symbol.asyncDispose]());

beforeEach(async () => {
  await node.kubectl("delete pods,pdb --all --grace-period=0 --force");
  await node.kubectl("delete nodes --all");
  await node.register(me);
  node.goingDown(true);
});

/** A running pod that is gone as soon as it is deleted: there is no kubelet to end it. */
async function pod(
  name: string,
  {
    on = me,
    metadata = {},
    phase = "Running",
    grace = 0,
  }: { on?: string; metadata?: object; phase?: string; grace?: number } = {},
): Promise<void> {
  node.place(
    "/run/stand-in/pod.json",
    JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { app: name }, ...metadata },
      spec: { nodeName: on, terminationGracePeriodSeconds: grace, containers: [{ name: "c", image: "busybox" }] },
    }),
  );
  await node.kubectl("create --filename /run/stand-in/pod.json");
  await node.status("pod", name, {
    phase,
    conditions: [{ type: "Ready", status: phase === "Running" ? "True" : "False" }],
  });
}
/** A disruption budget with the status that its controller would write. */
async function budget(name: string, disruptionsAllowed: number): Promise<void> {
  await node.kubectl(`create poddisruptionbudget ${name} --selector=app=${name} --min-available=1`);
  await node.status("pdb", name, {
    observedGeneration: 1,
    disruptionsAllowed,
    currentHealthy: 1,
    desiredHealthy: 1,
    expectedPods: 1,
  });
}
const pods = async (): Promise<string[]> =>
  (await node.kubectl("get pods --output name"))
    .split("\n")
    .filter(Boolean)
    .map((line) => line.replace("pod/", ""))
    .sort();
const object = () => node.json<NodeObject>(`get node ${me}`);

describe("a node that goes down", { timeout: 120_000 }, () => {
  // There is no kubelet that would end the control plane's static pods.
  beforeAll(() => node.place("/run/kubernetes/bin/master-drain", ""));

  test("is cordoned, marked, and emptied of all pods but its own", async () => {
    await pod("plain");
    await pod("done", { phase: "Succeeded" });
    await pod("daemon", {
      metadata: {
        ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "1", controller: true }],
      },
    });
    await pod("set", {
      metadata: {
        ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "2", controller: true }],
      },
    });
    await pod("elsewhere", { on: "other" });
    const { code, stdout } = await node.script("drain");
    expect(stdout).toMatch(/^evicted default\/plain\nevicted default\/set\nempty after \d+ s\n$/);
    expect(code).toBe(0);
    expect(await pods()).toEqual(["daemon", "done", "elsewhere"]);
    const { metadata, spec } = await object();
    expect(spec.unschedulable).toBe(true);
    expect(Math.abs(Date.parse(metadata.annotations![drainAnnotation]!) - Date.now())).toBeLessThan(60_000);
  });

  test("respects a budget until it allows the eviction, and waits for evicted pods to end", async () => {
    await pod("held", { grace: 30 });
    await budget("held", 0);
    let ended = false;
    const drain = node.script("drain").finally(() => (ended = true));
    await until("the cordon", 10, () =>
      node.run(
        `/opt/bin/kubectl --kubeconfig /run/kubernetes/super-admin.kubeconfig get node ${me} -o yaml | grep unschedulable`,
      ),
    );
    await sleep(2500);
    expect(await pods()).toEqual(["held"]);
    await node.status("pdb", "held", { disruptionsAllowed: 1 });
    await until("the eviction", 10, () =>
      node.run(
        "/opt/bin/kubectl --kubeconfig /run/kubernetes/super-admin.kubeconfig get pod held -o yaml | grep deletionTimestamp",
      ),
    );
    await sleep(1500);
    expect(ended).toBe(false);
    await node.kubectl("delete pod held --grace-period=0 --force");
    expect((await drain).stdout).toMatch(/^evicted default\/held\nempty after \d+ s\n$/);
  });

  test("goes down even if pods resist, and names them", async () => {
    await pod("stubborn");
    await pod("stuck");
    for (const name of ["stubborn", "stuck"]) await budget(name, 0);
    const { code, stdout } = await node.script("drain");
    expect(stdout).toMatch(/^not empty after \d+ s; these pods end with the node: default\/stubborn default\/stuck\n$/);
    expect(code).toBe(0);
  });

  test("that an operator has cordoned is emptied and not marked", async () => {
    await node.kubectl(`cordon ${me}`);
    await pod("plain");
    expect((await node.script("drain")).stdout).toMatch(
      /^cordoned by an operator, and stays so\nevicted default\/plain\nempty after/,
    );
    expect((await object()).metadata.annotations?.[drainAnnotation]).toBeUndefined();
  });

  test("whose drain was interrupted is drained again", async () => {
    await node.script("drain");
    await pod("late");
    expect((await node.script("drain")).stdout).toMatch(/^evicted default\/late\nempty/);
    expect((await object()).metadata.annotations).toHaveProperty([drainAnnotation]);
  });

  test("is not touched if only the unit is stopped", async () => {
    node.goingDown(false);
    await pod("plain");
    expect(await node.script("drain")).toMatchObject({ code: 0, stdout: "" });
    expect(await pods()).toEqual(["plain"]);
    expect((await object()).spec.unschedulable).toBeUndefined();
  });
});

describe("a node that is removed", { timeout: 120_000 }, () => {
  const gone = "dev-worker-9";
  const locksmithctl = (command: string) =>
    node.must(`locksmithctl --endpoint https://127.0.0.1:4001 --etcd-cafile /run/kubernetes/pki/infra-etcd-ca.crt \
    --etcd-certfile /run/kubernetes/pki/infra-etcd.crt --etcd-keyfile /run/kubernetes/pki/node.key ${command}`);
  const holders = async () => (await node.script("reboot-lock", "holders")).stdout.trim();
  const nodes = () => node.kubectl("get nodes --output name");
  beforeEach(() => node.register(gone, { machineID: "9999" }));

  test("is drained under the lock, which is released", async () => {
    await pod("plain", { on: gone });
    await pod("held", { on: gone });
    await budget("held", 0);
    const removal = node.script("node-remove", gone, "30");
    await until("the lock", 20, async () => ({
      ...(await node.script("reboot-lock", "holders")),
      code: (await holders()).startsWith(`removal of ${gone} since `) ? 0 : 1,
    }));
    await node.status("pdb", "held", { disruptionsAllowed: 1 });
    const { code, stdout } = await removal;
    expect(stdout).toMatch(/evicting pod default\/plain[^]*node "dev-worker-9" deleted/);
    expect(code).toBe(0);
    expect(await pods()).toEqual([]);
    expect(await nodes()).toBe(`node/${me}`);
    expect(await holders()).toBe("");
  });

  test("that is dead and holds the lock blocks nothing", async () => {
    await locksmithctl("lock 9999");
    await node.register(gone, { machineID: "9999", ready: false });
    await pod("plain", { on: gone });
    const { code, stdout } = await node.script("node-remove", gone, "30");
    expect(stdout).toMatch(/^dev-worker-9 does not answer: nothing to drain\nnode "dev-worker-9" deleted/);
    expect(code).toBe(0);
    expect(await holders()).toBe("");
  });

  test("says first that it has ended what would register it again, and its pod network is free, no other's", async () => {
    const leases = { "10.244.1.0": "127.0.0.1", "10.244.2.0": "127.0.0.9", "10.244.3.0": "127.0.0.8" };
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const kv = async (verb: string, data: object) =>
      JSON.parse(
        await node.must(`curl -sf --cacert /run/kubernetes/pki/infra-etcd-ca.crt --cert /run/kubernetes/pki/infra-etcd.crt \
      --key /run/kubernetes/pki/node.key https://127.0.0.1:4001/v3/kv/${verb} --data '${JSON.stringify(data)}'`),
      ) as { kvs?: { key: string }[] };
    const prefix = "/coreos.com/network/subnets/";
    for (const [network, address] of Object.entries(leases))
      await kv("put", {
        key: base64(`${prefix}${network}-24`),
        value: base64(JSON.stringify({ PublicIP: address, PublicIPv6: null, BackendType: "vxlan" })),
      });
    const left = async () => {
      const { kvs = [] } = await kv("range", { key: base64("/coreos.com/"), range_end: base64("/coreos.com0") });
      return kvs.map(({ key }) => Buffer.from(key, "base64").toString().replace(prefix, ""));
    };
    const release = (address: string) => node.run(releaseNetworkCommand(address).replace("sudo ", ""));
    await node.register(me, { address: "127.0.0.1" });
    await node.register(gone, { machineID: "9999", address: "127.0.0.9" });
    // Nodes that live keep theirs.
    for (const address of ["127.0.0.1", "127.0.0.9"])
      expect(await release(address)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await left()).toHaveLength(3);

    const removal = node.script("node-remove", gone, "30");
    await until("the mark", 20, () =>
      node.run(
        `/opt/bin/kubectl --kubeconfig /run/kubernetes/super-admin.kubeconfig get node ${gone} -o yaml | grep 'removed: "9999"'`,
      ),
    );
    expect(await nodes()).toContain(gone);
    const marked = performance.now();
    await node.kubectl(`annotate node ${gone} --overwrite kubernetes-on-exoscale/removed=done`);
    expect((await removal).stdout).toContain('node "dev-worker-9" deleted');
    expect(performance.now() - marked).toBeLessThan(15_000);
    expect(await release("127.0.0.9")).toEqual({
      code: 0,
      stdout: "the pod network of 127.0.0.9 is free\n",
      stderr: "",
    });
    expect(await left()).toEqual(["10.244.1.0-24", "10.244.3.0-24"]);
    // Once more, after a run that was killed.
    expect(await node.script("node-remove", gone, "30")).toMatchObject({ code: 0 });
    expect(await release("127.0.0.9")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("waits for the lock's holder, and names it if it keeps the lock", async () => {
    // Instead of ten minutes longer than the drain.
    await node.must("sed -i 's/limit + 600/limit - 28/' /run/kubernetes/bin/node-remove");
    await node.register("dev-worker-8", { machineID: "8888" });
    await locksmithctl("lock 8888");
    const { code, stderr } = await node.script("node-remove", gone, "30");
    expect(code).toBe(1);
    expect(stderr).toBe(
      "dev-worker-9 was not removed: dev-worker-8 has held the reboot lock for 2 s. See whether it comes back; if it does not, " +
        "release the lock for it: sudo bash /run/kubernetes/bin/reboot-lock give 'dev-worker-8', on a master.\n",
    );
    expect(await nodes()).toContain(gone);
    expect(await holders()).toBe("8888");
    await locksmithctl("unlock 8888");
  });

  test("by a caller that is gone before the end: the lock is released all the same", async () => {
    await pod("plain", { on: gone });
    // As when the run of Pulumi is killed, and its SSH connection ends.
    await node.run(`bash /run/kubernetes/bin/node-remove ${gone} 30 2>&1 | head --lines=1`);
    await until("the lock", 30, async () => ({
      ...(await node.script("reboot-lock", "holders")),
      code: (await holders()) === "" ? 0 : 1,
    }));
  });

  test("that is not of this cluster: nothing happens", async () => {
    expect(await node.script("node-remove", "nobody", "30")).toMatchObject({
      code: 0,
      stdout: "nobody is not a node of this cluster\n",
    });
  });

  test("is removed without the lock if infra-etcd is down", async () => {
    await node.must("pkill --signal KILL --full '[i]nfra-etcd.yaml'");
    const { code, stdout } = await node.script("node-remove", gone, "30");
    expect(stdout).toMatch(/infra-etcd does not answer; dev-worker-9 is removed without the reboot lock\n[^]*deleted/);
    expect(code).toBe(0);
  });
});

test("a cluster that dies does not keep its nodes up", { timeout: 120_000 }, async () => {
  await node.must("pkill --signal KILL kube-apiserver");
  await node.apply({ drainTimeout: 300 });
  await node.must("rm /run/kubernetes/manifests -r");
  const begin = performance.now();
  const { code, stdout } = await node.script("drain");
  expect(stdout).toMatch(/the API has not answered for \d+ s; no more pods are evicted/);
  expect(code).toBe(0);
  expect(performance.now() - begin).toBeLessThan(100_000);
});
