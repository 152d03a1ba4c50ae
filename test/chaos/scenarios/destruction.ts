import { check } from "../check.ts";
import { interruptions, interrupted, momentOf } from "../interrupt.ts";
import { expectLegible } from "../legible.ts";
import type { Verdict } from "../scenarios.ts";
import type { Random } from "../../../zone/testing/random.ts";
import { destroy, up, type ChaosSandbox } from "../sandbox.ts";
import { followAdvice } from "./advice.ts";
import { badFaults, hurry } from "./bad-api.ts";
import { operations } from "./operations.ts";

const killed = Object.keys(interruptions).filter((name) =>
  name.startsWith("SIGKILL"),
) as (keyof typeof interruptions)[];

/** Destroys a stack that is half built, whose instances are partly gone, while calls fail, or all of these. */
export async function destruction(
  sandbox: ChaosSandbox,
  random: Random,
  say: (text: string) => void,
): Promise<Verdict> {
  const [isHalfBuilt, isGone, isBad] = [random.next() < 0.7, random.next() < 0.4, random.next() < 0.5];
  if (isHalfBuilt) {
    const interruption = random.pick(killed);
    const moment = momentOf(random, operations.up.lines);
    say(`half-built: ${interruption} after line ${moment.lines} and ${moment.delay} ms`);
    await sandbox.begin("nothing");
    await interrupted(sandbox, up, interruption, moment);
    if (sandbox.stack.isLocked() || sandbox.stack.hasPending()) await sandbox.stack.must(["recover"]);
  } else {
    await sandbox.begin("cluster");
  }
  await sandbox.zone.settle();

  const { instances } = await sandbox.zone.api.get("/instance");
  if (isGone && instances.length > 0) {
    const gone = random.some<{ id: string; name: string }>(instances);
    say(`gone: ${gone.map(({ name }) => name).join(", ")}`);
    for (const { id } of gone) await sandbox.zone.api.operate("DELETE", `/instance/${id}`);
  }
  if (isBad) {
    const faults = badFaults(random);
    say(`bad: ${faults.map(({ kind, share }) => `${kind} ${share}`).join(", ")}`);
    await sandbox.zone.addFaults(faults);
  }
  const { code, output } = await sandbox.stack.run(destroy, { env: hurry });
  await sandbox.zone.clearFaults();
  if (code !== 0) {
    expectLegible(output);
    const next = await sandbox.stack.run(destroy, { env: hurry });
    if (next.code !== 0) await followAdvice(sandbox, destroy, next.output);
  }
  await sandbox.zone.mend();
  await check(sandbox, destroy);
  return code === 0 ? "right" : "repaired";
}
