import { expect, test } from "vitest";

import { timeouts } from "../timeouts.ts";
import { RebootLock } from "./reboot-lock.ts";
import { fakeNode } from "./testing/ssh-server.ts";

timeouts.giveLock = 300;

/** A master whose script keeps one lock as the real one does. */
async function lockedMaster(holder?: string) {
  const lock = { holder, isBroken: false, drained: {} as Record<string, number> };
  const node = await fakeNode((command) => {
    const [, verb, name] = /reboot-lock (take|give) '([^']+)'/.exec(command)!;
    if (lock.isBroken) return { code: 69, output: "infra-etcd does not answer: timeout" };
    if (verb === "give") {
      if (lock.holder === name) lock.holder = undefined;
      return { code: 0 };
    }
    const isFree = lock.holder === undefined || lock.holder === name;
    if (isFree) lock.holder = name;
    const holders = [{ id: lock.holder, node: isFree ? null : lock.holder, since: "2026-11-24T04:10:03Z" }];
    return { code: isFree ? 0 : 75, output: JSON.stringify({ holders, drainedSeconds: lock.drained }) };
  });
  return {
    lock,
    commands: node.commands,
    reboots: new RebootLock(node.target),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}

test("it is taken, and given back", async () => {
  await using master = await lockedMaster();
  master.lock.drained = { "kube-worker-1": 12 };
  await master.reboots.during(async () => {
    await expect(master.reboots.take()).resolves.toMatchObject({ kind: "taken", drained: { "kube-worker-1": 12 } });
    expect(master.lock.holder).toBe("pulumi");
  });
  expect(master.lock.holder).toBeUndefined();
});

test("another holder is named, with since when and how long it was waited for", async () => {
  await using master = await lockedMaster("kube-worker-2");
  await master.reboots.during(async () => {
    await expect(master.reboots.take()).resolves.toMatchObject({
      kind: "held",
      holder: "kube-worker-2",
      reason: "the reboot lock is held by kube-worker-2 since 2026-11-24T04:10:03Z",
    });
    const { waited } = await master.reboots.take();
    expect(waited).toBeGreaterThan(0);
    // Another one is waited for anew.
    master.lock.holder = "kube-worker-3";
    expect((await master.reboots.take()).waited).toBeLessThan(waited);
  });
  expect(master.lock.holder).toBe("kube-worker-3");
});

test("one hold for all who work at the same time: the last gives it back, also after a failure", async () => {
  await using master = await lockedMaster();
  let end!: () => void;
  const first = master.reboots.during(async () => {
    await master.reboots.take();
    await new Promise<void>((resolve) => (end = resolve));
  });
  await expect(
    master.reboots.during(async () => {
      await master.reboots.take();
      throw new Error("it did not come back");
    }),
  ).rejects.toThrow("it did not come back");
  expect(master.lock.holder).toBe("pulumi");
  end();
  await first;
  expect(master.lock.holder).toBeUndefined();
});

test("a killed run's lock is taken over, or given back by the next run that takes none", async () => {
  await using master = await lockedMaster("pulumi");
  await master.reboots.during(async () => {
    expect((await master.reboots.take()).kind).toBe("taken");
  });
  master.lock.holder = "pulumi";
  await master.reboots.during(async () => {});
  expect(master.lock.holder).toBeUndefined();
});

test("without an answer it is not waited for, and there is nothing to give back", async () => {
  const master = await lockedMaster();
  master.lock.isBroken = true;
  await master.reboots.during(async () => {
    await expect(master.reboots.take()).resolves.toMatchObject({
      kind: "unknown",
      reason: "the reboot lock is not available: infra-etcd does not answer: timeout",
      drained: {},
    });
  });
  await master[Symbol.asyncDispose]();
  await master.reboots.during(async () => {
    const first = await master.reboots.take();
    expect(first).toMatchObject({
      kind: "unreachable",
      reason: expect.stringMatching(
        /^the reboot lock is not available: no master answers at 127\.0\.0\.1, .* \(SSH to core@127\.0\.0\.1: .*\)\. Does `sshSources` admit this machine\? Nodes see it as 127\.0\.0\.1, /,
      ),
    });
    expect((await master.reboots.take()).waited).toBeGreaterThan(first.waited);
  });
});

test("an answer that cannot be read counts as none", async () => {
  for (const output of ["Segmentation fault", '{"holders": 1}']) {
    await using node = await fakeNode(() => ({ code: 0, output }));
    await expect(new RebootLock(node.target).take()).resolves.toMatchObject({
      kind: "unknown",
      reason: expect.stringContaining(`what /run/kubernetes/bin/reboot-lock prints cannot be read: ${output}`),
    });
  }
});

test("a lock that cannot be given back is an error, unless the work has failed", async () => {
  await using master = await lockedMaster();
  const work = async (outcome: () => void): Promise<void> => {
    master.lock.isBroken = false;
    await master.reboots.take();
    master.lock.isBroken = true;
    outcome();
  };
  await expect(master.reboots.during(() => work(() => {}))).rejects.toThrow(
    "the reboot lock was not given back, so no node reboots for an update until the next run: infra-etcd does not answer: timeout",
  );
  await expect(
    master.reboots.during(() =>
      work(() => {
        throw new Error("worse");
      }),
    ),
  ).rejects.toThrow("worse");
});
