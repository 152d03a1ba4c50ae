/** What nodes give back by themselves, with a real kube-apiserver and a node's own rights; systemd is a stand-in. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openMachine, until, type Machine } from "./machine.ts";

let node: Machine;
let me: string;
beforeAll(async () => {
  node = await openMachine();
  me = node.args.name;
  await Promise.all([node.startEtcd("infra-etcd"), node.startEtcd("kubernetes-etcd")]);
  // Sooner than a node does.
  await node.must("sed -i 's/sleep 5/sleep 1/' /run/kubernetes/bin/membership");
  node.start("membership", ["bash", "/run/kubernetes/bin/membership"]);
}, 180_000);
afterAll(() => node[Symbol.asyncDispose]());

const called = async () => (await node.run("cat /run/stand-in/systemctl.log")).stdout;
const labels = async (name: string) => {
  const { metadata } = await node.json<{ metadata: { labels?: Record<string, string> } }>(`get node ${name}`);
  return Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith("node-role"));
};

// Each test goes on where the one before it ended.

test("without an API nothing is done: an error says nothing of the Node object", { timeout: 180_000 }, async () => {
  await node.run("sleep 4");
  expect(await called()).not.toContain("restart");
  await node.startApiserver();
});

test("a Node object that is gone: the kubelet is restarted, which creates it", { timeout: 60_000 }, async () => {
  // A kubelet that is being installed is let alone.
  await node.run("sleep 5");
  expect(await called()).not.toContain("restart");
  node.place("/run/stand-in/kubelet", "");
  await until("the restart", 40, () => node.run("grep 'try-restart kubelet.service' /run/stand-in/systemctl.log"));
  await node.register(me);
  await node.run("sleep 3; rm /run/stand-in/systemctl.log; sleep 3");
  expect(await called()).not.toContain("restart");
});

test("nodes that are Ready have their role again, within seconds", { timeout: 60_000 }, async () => {
  await node.register("test-worker-7");
  await node.register("somebody-else");
  await expect.poll(() => labels("test-worker-7"), { timeout: 20_000 }).toEqual(["node-role.kubernetes.io/worker"]);
  await expect
    .poll(() => labels(me), { timeout: 20_000 })
    .toEqual(["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]);
  await node.kubectl("label node test-worker-7 node-role.kubernetes.io/worker-");
  await expect.poll(() => labels("test-worker-7"), { timeout: 20_000 }).toEqual(["node-role.kubernetes.io/worker"]);
  expect(await labels("somebody-else")).toEqual([]);
});

test(
  "a cordon, an operator's label and a taint that was taken away stay as they are",
  { timeout: 60_000 },
  async () => {
    await node.kubectl(`cordon ${me}`);
    await node.kubectl(`label node ${me} example.com/mine=yes`);
    await node.run("sleep 4");
    const { metadata, spec } = await node.json<{
      metadata: { labels: Record<string, string> };
      spec: { unschedulable?: boolean; taints?: { key: string }[] };
    }>(`get node ${me}`);
    expect(spec.unschedulable).toBe(true);
    expect(metadata.labels["example.com/mine"]).toBe("yes");
    expect((spec.taints ?? []).map(({ key }) => key)).not.toContain("node-role.kubernetes.io/control-plane");
    expect(await called()).not.toContain("kubelet");
  },
);

test(
  "a worker that is removed ends what would take its place back, says so, and powers off",
  { timeout: 60_000 },
  async () => {
    await node.must("sed -i 's/ROLE=.*/ROLE=worker/' /run/kubernetes/node.env");
    node.start("worker", ["bash", "/run/kubernetes/bin/membership"]);
    await node.kubectl(`annotate node ${me} kubernetes-on-exoscale/removed=another`);
    await node.run("sleep 4");
    expect(await called()).not.toContain("poweroff");
    // The machine-id of the stand-in.
    await node.kubectl(
      `annotate node ${me} --overwrite kubernetes-on-exoscale/removed=0123456789abcdef0123456789abcdef`,
    );
    await until("the end", 20, () => node.run("grep poweroff /run/stand-in/systemctl.log"));
    expect(await called()).toMatch(/stop flanneld\.service kubelet\.service\npoweroff/);
    expect(await node.kubectl(`get node ${me} --output yaml`)).toContain("kubernetes-on-exoscale/removed: done");
  },
);
