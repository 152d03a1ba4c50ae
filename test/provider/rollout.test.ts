/** Masters and workers that take new user-data, another type, disk or template. */
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import type { BootInputs } from "../../node/rollout/boot.ts";
import { timeouts } from "../../node/timeouts.ts";
import { encodeUserData } from "../../exoscale/user-data.ts";
import { cluster, reasons, type Node } from "./fleet.ts";

Object.assign(timeouts, {
  recheck: 20,
  ailing: 60,
  evidence: 300,
  alone: 2_000,
  lacking: 2_000,
  recovery: 5_000,
  turn: 5_000,
  retryTurn: 50,
  giveLock: 500,
  absence: 500,
});

const userData = encodeUserData("#cloud-config\n# two\n");

describe.concurrent("masters", () => {
  test("reboot one after the other, each once the cluster is healthy", async () => {
    await using it = await cluster(3);
    expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    expect([...it.log].sort()).toEqual(["kube-master-1 reboots", "kube-master-2 reboots", "kube-master-3 reboots"]);
    for (const { ssh } of it.all) expect(ssh.commands.filter((each) => each.endsWith("--cluster"))).toHaveLength(1);
  });

  test("reboot one after the other also where their resources are made anew: they have booted before", async () => {
    await using it = await cluster(3);
    const anew = it.all.map(({ boot }) => {
      boot.inputs = { ...boot.inputs, userData };
      return boot.create();
    });
    expect(reasons(await Promise.allSettled(anew))).toEqual(["done", "done", "done"]);
    expect([...it.log].sort()).toEqual(["kube-master-1 reboots", "kube-master-2 reboots", "kube-master-3 reboots"]);
    expect(it.mostAway()).toBe(1);
  });

  test("the broken node is repaired first, in whatever order updates arrive", async () => {
    await using it = await cluster(3);
    const broken = it.all[2]!;
    broken.isWell = false;
    const heal = setInterval(() => {
      if (it.log.includes(`${broken.name} starts`)) broken.isWell = true;
    }, 10);
    expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    clearInterval(heal);
    expect(it.log[0]).toBe(`${broken.name} starts`);
    expect(it.lock.holder).toBeUndefined();
  });

  test("all of them broken are repaired, though none gets well before the others", async () => {
    await using it = await cluster(3);
    for (const node of it.all) node.isWell = false;
    const heal = setInterval(() => {
      if (it.log.length === 3) for (const node of it.all) node.isWell = true;
    }, 10);
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
    expect(it.mostAway()).toBe(2);
  });

  test.each([1, 2])(
    "are rebuilt from another template, never more than %s at a time, under the lock",
    async (maxUnavailable) => {
      await using it = await cluster(3, { kind: "worker", maxUnavailable });
      const { id: template } = await it.environment.template("kube-other").create();
      expect(reasons(await it.roll({ template }))).toEqual(["done", "done", "done"]);
      for (const node of it.all) {
        const ofNode = it.log.filter((each) => each.startsWith(node.name));
        expect(ofNode).toEqual(["powers off", "is reset", "starts"].map((what) => `${node.name} ${what}`));
        expect(it.now(node)).toMatchObject({ state: "running", template });
        expect(await node.boot.refresh()).toBe("same");
      }
      expect(it.mostAway()).toBe(maxUnavailable);
      expect(it.lock.holder).toBeUndefined();
    },
  );

  test("lose their disk for a smaller one, and keep it for a larger one or another type", async () => {
    await using it = await cluster(1, { kind: "worker" });
    const [node] = it.all;
    expect(reasons(await it.roll({ diskSize: 80, type: "standard.large" }))).toEqual(["done"]);
    expect(it.log).toEqual(["kube-master-1 powers off", "kube-master-1 starts"]);
    expect(reasons(await it.roll({ diskSize: 40 }))).toEqual(["done"]);
    expect(it.log.slice(2)).toEqual(["kube-master-1 powers off", "kube-master-1 is reset", "kube-master-1 starts"]);
    expect(it.now(node!)).toMatchObject({ state: "running", diskSize: 40, type: "standard.large" });
  });

  test("are not touched once one has failed, and the next run does the rest", async () => {
    await using it = await cluster(3, { kind: "worker" });
    const { id: template } = await it.environment.template("kube-other").create();
    it.environment.zone.faults.add({ kind: "operation-fails", route: "reset-instance", count: 1 });
    const failed = reasons(await it.roll({ template }));
    expect(
      failed.filter((each) => /^instance kube-master-\d to reset: the operation ended in failure/.test(each!)),
    ).toHaveLength(1);
    expect(
      failed.filter((each) =>
        /^kube-master-\d was not touched, because the update of kube-master-\d before it failed\.$/.test(each!),
      ),
    ).toHaveLength(2);
    expect(it.log).toHaveLength(1);
    expect(it.all.map((node) => it.now(node).state).sort()).toEqual(["running", "running", "stopped"]);
    expect(it.lock.holder).toBeUndefined();
    expect(reasons(await it.roll({ template, group: "next run" }))).toEqual(["done", "done", "done"]);
    for (const node of it.all) expect(it.now(node)).toMatchObject({ state: "running", template });
    expect(it.mostAway()).toBe(1);
  });

  test("that are healthy stay up while others are on their way back from a repair", async () => {
    await using it = await cluster(3, { kind: "worker" });
    const [dead] = it.all;
    dead!.isDead = true;
    // So that it is the first to be seen.
    const repaired = dead!.boot.update({ ...dead!.boot.inputs, userData: encodeUserData("#cloud-config\n# two\n") });
    while (it.log.length === 0) await sleep(10);
    dead!.isWell = false;
    const others = Promise.allSettled(
      it.all
        .slice(1)
        .map(({ boot }) => boot.update({ ...boot.inputs, userData: encodeUserData("#cloud-config\n# two\n") })),
    );
    await sleep(1_000);
    expect(it.log).toEqual(["kube-master-1 starts"]);
    dead!.isWell = true;
    await repaired;
    expect(reasons(await others)).toEqual(["done", "done"]);
    expect(it.mostAway()).toBe(1);
  });
});

describe.concurrent("many that are broken", () => {
  const workers = (maxUnavailable: number) => ({ kind: "worker", maxUnavailable }) as const;
  /** As an engine with `--parallel 1` does, which ends at the first failure. */
  async function oneByOne(it: Awaited<ReturnType<typeof cluster>>): Promise<void> {
    for (const { boot } of it.all) await boot.update({ ...boot.inputs, userData });
  }

  test.each([
    [5, 1],
    [5, 2],
  ])("workers that still run pods: of %s only %s at a time", async (count, maxUnavailable) => {
    await using it = await cluster(count, workers(maxUnavailable));
    for (const node of it.all) Object.assign(node, { isWell: false, heals: true });
    expect(reasons(await it.roll())).toEqual(it.all.map(() => "done"));
    expect(it.log).toHaveLength(count);
    expect(it.mostAway()).toBe(maxUnavailable);
  });

  test("workers that are dead, among healthy ones", async () => {
    await using it = await cluster(5, workers(1));
    for (const node of it.all.slice(2)) node.isDead = true;
    expect(reasons(await it.roll())).toEqual(it.all.map(() => "done"));
    expect(it.log).toHaveLength(5);
    expect(it.log.slice(0, 3).every((each) => each.endsWith(" starts"))).toBe(true);
    expect(it.mostAway()).toBe(1);
  });

  test("a worker that does not come back keeps those that serve from being repaired", async () => {
    await using it = await cluster(3, { ...workers(1), drainTimeout: 0 });
    for (const node of it.all) node.isWell = false;
    const ends = reasons(await it.roll());
    expect(ends.filter((each) => each!.includes("is unhealthy 5 s after its reboot"))).toHaveLength(1);
    expect(ends.filter((each) => each!.includes("was not touched, because the update of"))).toHaveLength(2);
    expect(it.log).toHaveLength(1);
  });

  test("masters that still serve: one at a time", async () => {
    await using it = await cluster(3, {}, { hasQuorum: true });
    for (const node of it.all) Object.assign(node, { isWell: false, heals: true, problem: "pod x is not Ready" });
    expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    expect(it.log).toHaveLength(3);
    expect(it.mostAway()).toBe(1);
  });

  test.each([
    ["at the same time", false],
    ["one by one", true],
  ])("two of three masters: the third only waits for its quorum, updates come %s", async (_how, isOneByOne) => {
    await using it = await cluster(3, {}, { hasQuorum: true });
    const [one, two, third] = it.all;
    for (const node of [one!, two!]) Object.assign(node, { isWell: false, heals: true });
    if (isOneByOne) await oneByOne(it);
    else expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    expect(it.log.slice(0, 2).sort()).toEqual(["kube-master-1 starts", "kube-master-2 starts"]);
    expect(it.log.slice(2)).toEqual([`${third!.name} reboots`]);
  });

  test("all three masters, updates come one by one", async () => {
    await using it = await cluster(3, {}, { hasQuorum: true });
    for (const node of it.all) Object.assign(node, { isWell: false, heals: true });
    await oneByOne(it);
    expect(it.log.map((each) => each.split(" ")[1])).toEqual(["starts", "starts", "starts"]);
  });

  test("a master that waits for its quorum before the broken ones have their turn says how they get it", async () => {
    await using it = await cluster(3, {}, { hasQuorum: true });
    for (const node of it.all.slice(1)) Object.assign(node, { isWell: false, heals: true });
    const refused = oneByOne(it);
    await expect(refused).rejects.toThrow(
      /^kube-master-1 was not touched: waited \d s for the others: kube-master-1: kubernetes-etcd of kube-master-1 is not healthy\nWhat is broken .*`--parallel`.*--target '\*\*:Boot::NAME'\.$/,
    );
    expect(it.log).toEqual([]);
  });

  test("workers that only miss the API are not touched while masters are repaired", async () => {
    await using it = await cluster(2, workers(1));
    for (const node of it.all) Object.assign(node, { isWell: false, problem: "API does not answer: curl: (7) Failed" });
    it.isApiGone = true;
    const rolling = it.roll();
    await sleep(1_000);
    expect(it.log).toEqual([]);
    it.isApiGone = false;
    for (const node of it.all) node.isWell = true;
    expect(reasons(await rolling)).toEqual(["done", "done"]);
    expect(it.log.sort()).toEqual(["kube-master-1 reboots", "kube-master-2 reboots"]);
  });

  test("a run that was killed in the middle is finished by the next, no sooner than a node is back", async () => {
    await using it = await cluster(5, workers(1));
    for (const node of it.all) Object.assign(node, { isWell: false, heals: true });
    // The killed run has restarted one, which is on its way up; nothing of it is in the state.
    const [first] = it.all;
    it.environment.edit(first!.boot.id, { userData });
    Object.assign(first!, { boots: 2, problem: "kubelet has not reported to the API since the boot", heals: false });
    setTimeout(() => (first!.isWell = true), 30);
    expect(reasons(await it.roll())).toEqual(it.all.map(() => "done"));
    expect(it.mostAway()).toBe(1);
    // Well again, and without the evidence in the state that it has booted so.
    expect(it.log.filter((each) => each.startsWith(first!.name))).toEqual([`${first!.name} reboots`]);
  });
});

describe.concurrent("nodes that this machine cannot reach", () => {
  test.each(["master", "worker"] as const)(
    "are not touched while the API says that they are Ready: %s",
    async (kind) => {
      await using it = await cluster(3, { kind });
      for (const node of it.all) node.isCutOff = true;
      const ends = reasons(await it.roll());
      expect(ends.find((each) => !each!.includes("because the update of"))).toMatch(
        /^kube-master-\d was not touched: it does not answer \(SSH to core@127\.0\.0\.1: .*\), and nothing says that it is broken: the Kubernetes API says that it is Ready\. Does `sshSources` admit this machine\?/,
      );
      expect(ends.every((each) => /was not touched/.test(each!))).toBe(true);
      expect(it.log).toEqual([]);
      for (const node of it.all) expect(it.now(node).state).toBe("running");
      expect(it.lock.holder).toBeUndefined();
      // With the way open again, the next run does it all.
      for (const node of it.all) node.isCutOff = false;
      expect(reasons(await it.roll({ userData, group: `next run of ${kind}s` }))).toEqual(["done", "done", "done"]);
    },
  );

  test("are told from masters that it cannot reach: an error at once, and not after the queue's time", async () => {
    await using it = await cluster(2, {
      kind: "worker",
      masters: { host: "127.0.0.1", port: 9, hostKey: "ecdsa-sha2-nistp256 AAAA" },
    });
    const start = performance.now();
    const ends = reasons(await it.roll());
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(ends.find((each) => !each!.includes("because the update of"))).toMatch(
      /^kube-master-\d was not touched: the reboot lock is not available: no master answers at 127\.0\.0\.1.*`sshSources`.*Nodes see it as 127\.0\.0\.1/,
    );
    expect(it.log).toEqual([]);
  });

  test("any more after a restart end the run, which does not wait for what it cannot see", async () => {
    await using it = await cluster(2, { kind: "worker" });
    const [node] = it.all;
    const rolling = node!.boot.update({ ...node!.boot.inputs, userData });
    while (it.log.length === 0) await sleep(5);
    node!.isCutOff = true;
    await expect(rolling).rejects.toThrow(
      /^kube-master-1 was restarted, and now it does not answer .* the Kubernetes API says that it is Ready\. Does `sshSources` admit this machine\?/,
    );
    expect(it.lock.holder).toBeUndefined();
  });

  test("are not touched if no master answers, either", async () => {
    await using it = await cluster(2, { masters: { host: "127.0.0.1", port: 9, hostKey: "ecdsa-sha2-nistp256 AAAA" } });
    for (const node of it.all) node.isCutOff = true;
    const ends = reasons(await it.roll());
    expect(ends.some((each) => each!.includes("no master could be asked about it"))).toBe(true);
    expect(it.log).toEqual([]);
  });
});

describe.concurrent("a worker whose rebuild was interrupted", () => {
  type Environment = Awaited<ReturnType<typeof cluster>>;
  /** As the killed run left the zone; the state knows nothing of it. */
  const crashes: Record<string, { resets: number; leave(it: Environment, node: Node, news: BootInputs): unknown }> = {
    "when it was given its user-data": {
      resets: 1,
      leave: (it, node, { userData }) => it.environment.edit(node.boot.id, { userData }),
    },
    "when it had powered off": {
      resets: 1,
      leave: (it, node, { userData }) => it.environment.edit(node.boot.id, { userData, state: "stopped" }),
    },
    // Whether its disk is fresh is not known.
    "when its reset had begun": {
      resets: 1,
      leave: (it, node, { userData, template }) =>
        it.environment.edit(node.boot.id, { userData, template, state: "stopped" }),
    },
    "when it had started, and is healthy by now": {
      resets: 0,
      leave: (it, node, { userData, template }) => {
        it.environment.edit(node.boot.id, { userData, template });
        node.boots++;
      },
    },
    "when it had started, and is not healthy yet": {
      resets: 0,
      leave: (it, node, { userData, template }) => {
        it.environment.edit(node.boot.id, { userData, template });
        Object.assign(node, { boots: node.boots + 1, isWell: false });
        it.lock.drained[node.name] = 40;
        setTimeout(() => {
          node.isWell = true;
          delete it.lock.drained[node.name];
        }, 500);
      },
    },
  };

  test.each(Object.keys(crashes))("%s is right after the next run, before another goes", async (when) => {
    await using it = await cluster(2, { kind: "worker", drainTimeout: 60 });
    const [node, other] = it.all;
    const { id: template } = await it.environment.template("kube-other").create();
    const { resets, leave } = crashes[when]!;
    await leave(it, node!, { ...node!.boot.inputs, template });
    it.lock.holder = "pulumi";
    expect(reasons(await it.roll({ template }))).toEqual(["done", "done"]);
    for (const each of it.all) expect(it.now(each)).toMatchObject({ state: "running", template });
    expect(it.log.filter((each) => each === `${node!.name} is reset`)).toHaveLength(resets);
    expect(it.log.filter((each) => each === `${other!.name} is reset`)).toHaveLength(1);
    expect(it.mostAway()).toBe(1);
    expect(it.lock.holder).toBeUndefined();
  });
});

describe.concurrent("the reboot lock", () => {
  test("is held while nodes go down, and free afterwards, also after a failure", async () => {
    await using it = await cluster(3);
    expect(reasons(await it.roll())).toEqual(["done", "done", "done"]);
    expect(it.log.filter((each) => each.endsWith("without the lock"))).toEqual([]);
    expect(it.lock.holder).toBeUndefined();
  });

  test("is waited for: no node goes down while another is away for its update, however long", async () => {
    await using it = await cluster(2);
    it.lock.holder = "kube-worker-9";
    const rolling = it.roll();
    await sleep(1_000);
    expect(it.log).toEqual([]);
    delete it.lock.holder;
    expect(reasons(await rolling)).toEqual(["done", "done"]);
  });

  test("that another holder keeps ends the run with the holder's name and the way out", async () => {
    await using it = await cluster(2, { drainTimeout: 0 });
    it.lock.holder = "kube-worker-9";
    const [second, first] = reasons(await it.roll()).sort((a, b) => a!.length - b!.length);
    expect(second).toContain(`because the update of kube-master`);
    expect(first).toMatch(
      /^kube-master-\d was not touched: the reboot lock is held by kube-worker-9 since 2026-11-24T04:10:03Z, and was waited for \d+ min\. .*reboot-lock give kube-worker-9\. /,
    );
    expect(it.log).toEqual([]);
    expect(it.lock.holder).toBe("kube-worker-9");
  });

  test("is not waited for by a repair: not if the broken node holds it, and not if it is not available", async () => {
    await using it = await cluster(1);
    const [broken] = it.all;
    broken!.isWell = false;
    it.lock.holder = broken!.name;
    const heal = setInterval(() => {
      if (it.log.length > 0) broken!.isWell = true;
    }, 10);
    expect(reasons(await it.roll())).toEqual(["done"]);
    clearInterval(heal);
    expect(it.log).toEqual(["kube-master-1 starts without the lock"]);
    expect(it.lock.holder).toBe(broken!.name);
  });

  test("of a node that has drained itself: the node is on its way and not taken for broken", async () => {
    await using it = await cluster(1);
    const [away] = it.all;
    away!.isWell = false;
    it.lock.drained[away!.name] = 40;
    const rolling = it.roll();
    await sleep(1_000);
    expect(it.log).toEqual([]);
    away!.isWell = true;
    delete it.lock.drained[away!.name];
    expect(reasons(await rolling)).toEqual(["done"]);
    expect(it.log).toEqual(["kube-master-1 reboots"]);
  });

  test("is not available while infra-etcd has no quorum: a repair goes on without it", async () => {
    await using it = await cluster(2);
    it.lock.isLost = true;
    for (const node of it.all) node.isWell = false;
    const heal = setInterval(() => {
      if (it.log.length === 2) for (const node of it.all) node.isWell = true;
    }, 10);
    expect(reasons(await it.roll())).toEqual(["done", "done"]);
    clearInterval(heal);
    expect(it.log.sort()).toEqual(["kube-master-1 starts without the lock", "kube-master-2 starts without the lock"]);
  });
});

describe.concurrent("another type", () => {
  test("is taken after the node has drained itself and powered off", async () => {
    await using it = await cluster(1);
    const [node] = it.all;
    await node!.boot.update({ ...node!.boot.inputs, type: "standard.large" });
    expect(it.log).toEqual(["kube-master-1 powers off", "kube-master-1 starts"]);
    expect(it.now(node!)).toMatchObject({ state: "running", type: "standard.large" });
  });
});

describe.concurrent("a node that was rebooted and not seen healthy", () => {
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
