/** Masters and workers that take new user-data, with nodes that only SSH knows from real ones. */
import { describe, expect, test, vi } from "vitest";

import type { BootInputs, BootOutputs } from "../../exoscale/boot.ts";
import { patience } from "../../exoscale/patience.ts";
import { encodeUserData } from "../../exoscale/userData.ts";
import { fakeNode, type FakeNode } from "../../exoscale/sshTesting.ts";
import { noMachines } from "../../zone/machines/none.ts";
import { openWorld, type Resource } from "./world.ts";

vi.setConfig({ testTimeout: 60_000 });
Object.assign(patience, { look: 20, gate: 50 });

interface Node {
  readonly name: string;
  readonly boot: Resource<BootInputs, BootOutputs>;
  readonly ssh: FakeNode;
  boots: number;
  isWell: boolean;
  /** Until it is switched off and on. */
  isDead: boolean;
}

/** Running nodes of one group, each with a boot id that its reboots change, and the order in which they rebooted. */
async function cluster(count: number, more: Partial<BootInputs> = {}) {
  const log: string[] = [];
  const nodes = new Map<string, Node>();
  const boots = (how: string) => async ({ id }: { id: string }) => {
    const node = nodes.get(id);
    if (!node || (node.isDead && how === "reboots")) return;
    Object.assign(node, { boots: node.boots + 1, isDead: false });
    log.push(`${node.name} ${how}`);
  };
  const world = await openWorld({ machines: { ...noMachines(), reboot: boots("reboots"), start: boots("starts") } });
  const { instance } = await world.surroundings();
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    const machine = await instance(`kube-master-${i + 1}`, { elasticIps: [] }).create();
    const ssh = await fakeNode((command) => {
      const me = nodes.get(machine.id)!;
      if (me.isDead) return "breaks";
      if (command.endsWith("boot_id")) return { code: 0, output: `boot ${me.boots}` };
      const sick = [...nodes.values()].filter((each) => !each.isWell && (each === me || command.endsWith("--cluster")));
      return { code: sick.length, output: sick.map(({ name }) => `${name}: etcd has no leader`).join("\n") };
    });
    const boot = world.boot(machine.id, {
      waitFor: "cluster", group: `nodes of ${world.api.endpoint}`, ssh: ssh.target, ...more,
    });
    nodes.set(machine.id, { name: machine.inputs.name, boot: await boot.create(), ssh, boots: 1, isWell: true, isDead: false });
  }));
  log.length = 0;
  const all = [...nodes.values()].sort((a, b) => a.name.localeCompare(b.name));
  const userData = encodeUserData("#cloud-config\n# two\n");
  return {
    world, log, all,
    roll: () => Promise.allSettled(all.map(({ boot }) => boot.update({ ...boot.inputs, userData }))),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map(({ ssh }) => ssh[Symbol.asyncDispose]()));
      await world[Symbol.asyncDispose]();
    },
  };
}

const reasons = (results: PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === "rejected" ? (result.reason as Error).message.split("\n")[0] : "done"));

describe.concurrent("masters", () => {
  test("reboot one after the other, each once the cluster is well", async () => {
    await using it = await cluster(3);
    expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    expect([...it.log].sort()).toEqual(["kube-master-1 reboots", "kube-master-2 reboots", "kube-master-3 reboots"]);
    for (const { ssh } of it.all) expect(ssh.commands.filter((each) => each.endsWith("--cluster"))).toHaveLength(1);
  });

  test("the broken one is repaired first, whoever was asked first", async () => {
    await using it = await cluster(3);
    const broken = it.all[2]!;
    broken.isWell = false;
    const heal = setInterval(() => { if (it.log.includes(`${broken.name} starts`)) broken.isWell = true; }, 10);
    expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    clearInterval(heal);
    expect(it.log[0]).toBe(`${broken.name} starts`);
  });

  test("all of them broken are repaired, though none gets well before the others", async () => {
    await using it = await cluster(3);
    for (const node of it.all) node.isWell = false;
    const heal = setInterval(() => { if (it.log.length === 3) for (const node of it.all) node.isWell = true; }, 10);
    expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    clearInterval(heal);
    expect(it.log).toHaveLength(3);
  });

  test("one that does not answer is switched off and on", async () => {
    await using it = await cluster(1);
    it.all[0]!.isDead = true;
    expect(reasons(await it.roll())).toEqual(["done"]);
    expect(it.log).toEqual(["kube-master-1 starts"]);
  });
});

describe.concurrent("workers", () => {
  test("reboot as many at a time as may be unavailable", async () => {
    await using it = await cluster(4, { kind: "worker", maxUnavailable: 2 });
    expect(reasons(await it.roll())).toEqual(["done", "done", "done", "done"]);
    expect(it.log).toHaveLength(4);
  });
});

describe.concurrent("a node that was rebooted and not seen well", () => {
  test("is looked at again before it is rebooted again", async () => {
    await using it = await cluster(1);
    const [node] = it.all;
    node!.boot.outs = { ...node!.boot.outs, well: false };
    expect(await node!.boot.diff()).toMatchObject({ changes: true });
    await node!.boot.update();
    expect(it.log).toEqual([]);
    expect(node!.boot.outs.well).toBe(true);
  });
});
