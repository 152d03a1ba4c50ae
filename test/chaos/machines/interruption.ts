/** Runs that are killed while they change a cluster of machines. */
import assert from "node:assert/strict";
import { join } from "node:path";

import { scriptCommand } from "../../../node/remote/scripts.ts";
import { root } from "../../../toolchain/paths.ts";
import { attempt, leftInZone, results, run, six } from "../../cluster/user.ts";
import type { Random } from "../../../zone/testing/random.ts";
import { interruptions, interrupted, momentOf, type InterruptionName } from "../interrupt.ts";
import type { Verdict } from "../scenarios.ts";
import { Stack } from "../../sandbox/stack.ts";
import { destroy, up } from "../sandbox.ts";
import type { Cluster } from "./cluster.ts";

interface Operation {
  readonly args: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** Approximate number of lines about resources in its output. */
  readonly lines: number;
  /** Approximate milliseconds between two of them. */
  readonly pause: number;
}

const operations: Readonly<Record<string, Operation>> = {
  "scale up": { args: up, settings: { desiredWorkers: 4 }, lines: 20, pause: 2_000 },
  "scale down": { args: up, settings: { desiredWorkers: 2 }, lines: 16, pause: 500 },
  "change of all nodes": { args: up, settings: { timeZone: "Europe/Vienna" }, lines: 11, pause: 20_000 },
  destroy: { args: destroy, settings: {}, lines: 170, pause: 200 },
};

const killed = Object.keys(interruptions).filter((name) => name.startsWith("SIGKILL")) as InterruptionName[];

/** Checks that the same command succeeds when repeated, after `bin/pulumi recover` where that is needed. */
export async function machinesInterruption(
  cluster: Cluster,
  random: Random,
  say: (text: string) => void,
): Promise<Verdict> {
  const name = random.pick(Object.keys(operations));
  const interruption = random.pick(killed);
  const { args, settings, lines, pause } = operations[name]!;
  const moment = momentOf(random, lines, pause);
  say(`${name}, ${interruption} after line ${moment.lines} and ${moment.delay} ms`);

  await cluster.begin();
  const stack = new Stack("dev", root, join(results, "commands.log"));
  // Reverts the settings of the previous trial.
  stack.configure({ desiredWorkers: 3, timeZone: "UTC" });
  await stack.must(up);
  stack.configure(settings);
  const { code, isHit } = await interrupted({ stack }, args, interruption, moment);
  if (!isHit) say("the run had already ended");
  if (stack.isLocked() || stack.hasPending()) await stack.must(["recover"]);
  const isDone = code === 0 && !isHit;
  if (!isDone) await stack.must(args);
  if (args === destroy) {
    assert.deepEqual(await leftInZone(), []);
    return isDone ? "right" : "repaired";
  }
  // The next run takes over and releases the lock only if it has something to do: docs/operations.md.
  await attempt(`bin/ssh master-1 "${scriptCommand("reboot-lock", "give", "pulumi")}"`);
  await cluster.untilWell();
  const expected = six.length + (Number(settings["desiredWorkers"] ?? 3) - 3);
  assert.equal((await cluster.names()).length, expected);
  assert.equal((await cluster.instances()).size, expected);
  await run("bin/pulumi preview --refresh --expect-no-changes", { timeout: 300 });
  stack.configure({ desiredWorkers: 3, timeZone: "UTC" });
  await stack.must(up);
  return isDone ? "right" : "repaired";
}
