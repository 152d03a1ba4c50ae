import { describe, expect, test } from "vitest";

import type { Verdict } from "../remote/health.ts";
import type { LockState } from "../remote/reboot-lock.ts";
import { decide, decideFirstBoot, type Inspection, type Restart, type Situation, type Step } from "./decide.ts";

const before = { userDataSha256: "before", type: "standard.medium", diskSize: 50, template: "before" };
const after = { ...before, userDataSha256: "after" };

/** A worker that is to take new user-data, while the lock is free and everything is healthy. */
const worker: Situation = {
  name: "dev-worker-1",
  state: "running",
  recorded: before,
  actual: before,
  wanted: after,
  waitFor: "cluster",
  absence: 900_000,
  evidence: 60_000,
};
const { template: _template, ...masterSpec } = before;
/** A master has no template: it is never rebuilt. */
const master: Situation = {
  ...worker,
  name: "dev-master-1",
  actual: masterSpec,
  recorded: masterSpec,
  wanted: masterSpec,
};

const taken: LockState = { kind: "taken", reason: "", holder: "", waited: 0, drained: {} };
const held: LockState = {
  ...taken,
  kind: "held",
  reason: "the reboot lock is held by dev-worker-2",
  holder: "dev-worker-2",
};
const unknown: LockState = { ...taken, kind: "unknown", reason: "the reboot lock is not available: no answer" };
const go: Verdict = { kind: "go", bootId: "one" };
const unreachableLock: LockState = { ...taken, kind: "unreachable", reason: "no master answers" };
const repair: Verdict = { kind: "repair", bootId: "one", serves: false };
const halfBroken: Verdict = { ...repair, serves: true };
const dependent: Verdict = { kind: "dependent", bootId: "one", reason: "API does not answer" };
const others: Verdict = { kind: "wait", bootId: "one", reason: "etcd of dev-master-2: no answer" };

const done: Step = { kind: "done" };
const wait = (reason: string, hasDeadline = false): Step => ({ kind: "wait", reason, hasDeadline });
const refuse = (reason: string): Step => ({ kind: "refuse", reason: `dev-worker-1 was not touched: ${reason}` });
const byNode = (how: Restart["how"], rebuild = false): Step => ({
  kind: "restart",
  how,
  by: "node",
  rebuild,
  until: "healthy",
  bootId: "one",
});
const byApi = (how: Restart["how"], rebuild = false): Step => ({
  kind: "restart",
  how,
  by: "api",
  rebuild,
  until: "running",
});
const repaired = (rebuild = false): Step => ({
  kind: "restart",
  how: "power-cycle",
  by: "api",
  rebuild,
  until: "recovery",
  bootId: "one",
});
const silent: Verdict = { kind: "repair", bootId: undefined, serves: false };
const unreachable: Verdict = { kind: "unreachable", reason: "it does not answer" };
const silentRepaired: Step = { kind: "restart", how: "power-cycle", by: "api", rebuild: false, until: "recovery" };

const wanting = (change: Partial<Situation["wanted"]>): Partial<Situation> => ({ wanted: { ...before, ...change } });
const asWanted: Partial<Situation> = { recorded: after, actual: after };
/** Given its user-data, and not seen to boot with it. */
const given: Partial<Situation> = { actual: after };
/** The API shows the new template; the state does not know that the rebuild has succeeded. */
const halfRebuilt: Partial<Situation> = {
  actual: { ...before, template: "after" },
  wanted: { ...before, template: "after" },
};

describe("a node whose cluster is asked", () => {
  test.each<[what: string, situation: Partial<Situation>, inspection: Partial<Inspection>, step: Step]>([
    // What a change takes.
    ["other user-data", {}, {}, byNode("reboot")],
    ["user-data that was given but not booted with", given, {}, byNode("reboot")],
    ["user-data that was changed by hand", { recorded: after }, {}, byNode("reboot")],
    ["another type", wanting({ type: "standard.large" }), {}, byNode("power-cycle")],
    ["a larger disk", wanting({ diskSize: 60 }), {}, byNode("power-cycle")],
    ["a smaller disk", wanting({ diskSize: 40 }), {}, byNode("power-cycle", true)],
    ["another template", wanting({ template: "after" }), {}, byNode("power-cycle", true)],
    [
      "a rebuild that was begun by a run that was killed",
      { ...halfRebuilt, state: "stopped" },
      { verdict: repair },
      repaired(true),
    ],

    // Nothing to do.
    ["as wanted and healthy", asWanted, {}, done],
    ["as wanted and healthy, the lock held by another", asWanted, { lock: held }, done],
    ["as wanted and healthy, others unhealthy", asWanted, { verdict: others }, done],
    [
      "rebuilt and healthy, though the state does not know",
      { recorded: { ...after, template: "before" }, actual: after },
      {},
      done,
    ],

    // Repairs wait for nobody.
    ["as wanted and unhealthy", asWanted, { verdict: repair }, repaired()],
    ["unhealthy", {}, { verdict: repair }, repaired()],
    ["silent", {}, { verdict: silent }, silentRepaired],
    ["stopped", { ...asWanted, state: "stopped" }, { verdict: silent }, silentRepaired],
    ["unhealthy, and to be rebuilt", wanting({ template: "after" }), { verdict: repair }, repaired(true)],
    ["unhealthy, the lock held by another", {}, { verdict: repair, lock: held }, repaired()],
    ["unhealthy, the lock not available", {}, { verdict: repair, lock: unknown }, repaired()],
    ["unhealthy, others on their way back", {}, { verdict: repair, recovering: 1 }, repaired()],
    ["unhealthy, masters out of reach", {}, { verdict: repair, lock: unreachableLock }, repaired()],
    ["half broken", {}, { verdict: halfBroken }, repaired()],
    [
      "half broken, others on their way back",
      {},
      { verdict: halfBroken, recovering: 1 },
      wait("others are on their way back from a repair"),
    ],

    // What others have to give is no reason to take a node down.
    ["without what others give", {}, { verdict: dependent }, wait(dependent.reason)],
    ["without what others give, lock not available", {}, { verdict: dependent, lock: unknown }, wait(dependent.reason)],
    [
      "without what others give, masters out of reach",
      {},
      { verdict: dependent, lock: { ...unreachableLock, waited: 80_000 } },
      wait(dependent.reason),
    ],
    ["without what others give, as wanted", asWanted, { verdict: dependent }, done],

    // A node that only this machine cannot reach is not broken.
    ["unreachable", {}, { verdict: unreachable }, refuse("it does not answer")],
    ["unreachable, as wanted by the API's word", asWanted, { verdict: unreachable }, refuse("it does not answer")],
    ["unreachable, the lock not available", {}, { verdict: unreachable, lock: unknown }, refuse("it does not answer")],
    ["unreachable, the lock held by another", {}, { verdict: unreachable, lock: held }, refuse("it does not answer")],
    [
      "unreachable since it drained itself",
      {},
      { verdict: unreachable, lock: { ...taken, drained: { "dev-worker-1": 40 } } },
      wait("dev-worker-1 drained itself 40 s ago, and is on its way down or up", true),
    ],
    [
      "unreachable too long after it drained itself",
      {},
      { verdict: unreachable, lock: { ...taken, drained: { "dev-worker-1": 900 } } },
      refuse("it does not answer"),
    ],

    // A node that drained itself is not broken yet.
    [
      "unhealthy since it drained itself",
      {},
      { verdict: repair, lock: { ...taken, drained: { "dev-worker-1": 40 } } },
      wait("dev-worker-1 drained itself 40 s ago, and is on its way down or up", true),
    ],
    [
      "unhealthy too long after it drained itself",
      {},
      { verdict: repair, lock: { ...taken, drained: { "dev-worker-1": 900 } } },
      repaired(),
    ],
    [
      "stopped after it drained itself",
      { state: "stopped" },
      { verdict: repair, lock: { ...taken, drained: { "dev-worker-1": 40 } } },
      repaired(),
    ],
    [
      "unhealthy while another is drained",
      {},
      { verdict: repair, lock: { ...taken, drained: { "dev-worker-2": 40 } } },
      repaired(),
    ],

    // Healthy nodes wait.
    ["the lock held by another", {}, { lock: held }, wait(held.reason, true)],
    [
      "the lock held by another until just before the limit",
      {},
      { lock: { ...held, waited: 899_999 } },
      wait(held.reason, true),
    ],
    ["the lock held by another, others unhealthy", {}, { lock: held, verdict: others }, wait(held.reason, true)],
    ["others unhealthy", {}, { verdict: others }, wait(others.reason)],
    ["others on their way back", {}, { recovering: 2 }, wait("others are on their way back from a repair")],
    ["the lock not available", {}, { lock: unknown }, wait(unknown.reason)],
    ["others not looked at", {}, { unseen: 1 }, wait("others are looked at first", true)],
    ["unhealthy, others not looked at", {}, { verdict: repair, unseen: 1 }, repaired()],
    ["the masters out of reach", {}, { lock: unreachableLock }, wait(unreachableLock.reason, true)],
    [
      "the masters out of reach for too long",
      {},
      { lock: { ...unreachableLock, waited: 60_000 } },
      refuse("no master answers"),
    ],
    ["the lock not available, others unhealthy", {}, { lock: unknown, verdict: others }, wait(others.reason)],
    [
      "the lock not available, others on their way back",
      {},
      { lock: unknown, recovering: 1 },
      wait("others are on their way back from a repair"),
    ],
  ])("%s", (_what, situation, inspection, step) => {
    expect(
      decide({ ...worker, ...situation }, { lock: taken, verdict: go, recovering: 0, unseen: 0, ...inspection }),
    ).toEqual(step);
  });

  test("is not touched once another has held the lock for too long", () => {
    const lock = { ...held, waited: 900_000 };
    expect(decide(worker, { lock, verdict: go, recovering: 0, unseen: 0 })).toEqual({
      kind: "refuse",
      reason:
        "dev-worker-1 was not touched: the reboot lock is held by dev-worker-2, and was waited for 15 min. See what is wrong with " +
        "`npm run status`. If dev-worker-2 does not come back, give the lock back for it: " +
        "bin/ssh master-1 sudo bash /run/kubernetes/bin/reboot-lock give dev-worker-2. docs/operations.md says more.",
    });
  });

  test("is not asked before it is known that the change is possible", () => {
    expect(decide(worker)).toEqual({ kind: "inspect" });
    expect(decide({ ...worker, ...asWanted })).toEqual({ kind: "inspect" });
  });
});

describe.each(["cluster", "instances"] as const)("refused, whatever is waited for: %s", (waitFor) => {
  test.each<[what: string, situation: Situation, reason: RegExp]>([
    [
      "a master's disk that would shrink",
      { ...master, wanted: { ...masterSpec, diskSize: 40 } },
      /^dev-master-1 was not touched: the disk of dev-master-1 cannot shrink .* Set it back to 50\.$/,
    ],
    [
      "a worker of another family",
      { ...worker, ...wanting({ type: "cpu.large" }) },
      /^dev-worker-1 was not touched: dev-worker-1 cannot change from standard\.medium to cpu\.large: /,
    ],
  ])("%s", (_what, situation, reason) => {
    expect(decide({ ...situation, waitFor })).toEqual({ kind: "refuse", reason: expect.stringMatching(reason) });
  });
});

test.each<[what: string, situation: Partial<Situation>, step: Step]>([
  ["as wanted", asWanted, done],
  ["stopped", { ...asWanted, state: "stopped" }, byApi("power-cycle")],
  ["other user-data", {}, byApi("reboot")],
  ["user-data that was given but not booted with", given, byApi("reboot")],
  ["other user-data while stopped", { state: "stopped" }, byApi("power-cycle")],
  ["another type", wanting({ type: "standard.large" }), byApi("power-cycle")],
  ["a larger disk", wanting({ diskSize: 60 }), byApi("power-cycle")],
  ["a smaller disk", wanting({ diskSize: 40 }), byApi("power-cycle", true)],
  ["another template", wanting({ template: "after" }), byApi("power-cycle", true)],
  [
    "a rebuild that was begun by a run that was killed",
    { ...halfRebuilt, state: "stopped" },
    byApi("power-cycle", true),
  ],
])("a node that is not asked: %s", (_what, situation, step) => {
  expect(decide({ ...worker, ...situation, waitFor: "instances" })).toEqual(step);
});

test.each<[what: string, situation: Pick<Situation, "state" | "actual" | "wanted">, step: Step]>([
  ["new", { state: "stopped", actual: before, wanted: after }, byApi("power-cycle")],
  ["given its user-data and not started", { state: "stopped", actual: after, wanted: after }, byApi("power-cycle")],
  ["started without its user-data", { state: "running", actual: before, wanted: after }, byApi("power-cycle")],
  [
    "found again, with another machine spec",
    { state: "running", actual: after, wanted: { ...after, template: "after" } },
    byApi("power-cycle", true),
  ],
  ["found again, and running as wanted", { state: "running", actual: after, wanted: after }, done],
])("a first boot of an instance: %s", (_what, situation, step) => {
  expect(decideFirstBoot(situation)).toEqual(step);
});
