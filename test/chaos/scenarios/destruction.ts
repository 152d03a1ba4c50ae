import { check } from "../check.ts";
import { blows, interrupted, momentOf } from "../interrupt.ts";
import { expectLegible } from "../legible.ts";
import type { Verdict } from "../lines.ts";
import type { Random } from "../../../zone/testing/random.ts";
import { destroy, up, type World } from "../environment.ts";
import { followAdvice } from "./advice.ts";
import { badFaults, hurry } from "./bad-api.ts";
import { operations } from "./operations.ts";

const killed = Object.keys(blows).filter((name) => name.startsWith("SIGKILL")) as (keyof typeof blows)[];

/** A destroy of whatever is there: half of it built, instances gone already, the API bad, or all of these. */
export async function destruction(world: World, random: Random, say: (text: string) => void): Promise<Verdict> {
  const [isHalfBuilt, isGone, isBad] = [random.next() < 0.7, random.next() < 0.4, random.next() < 0.5];
  if (isHalfBuilt) {
    const blow = random.pick(killed);
    const moment = momentOf(random, operations.up.lines);
    say(`half-built: ${blow} after line ${moment.lines} and ${moment.delay} ms`);
    await world.begin("nothing");
    await interrupted(world, up, blow, moment);
    if (world.stack.isLocked() || world.stack.hasPending()) await world.stack.must(["recover"]);
  } else {
    await world.begin("cluster");
  }
  await world.zone.settle();

  const { instances } = await world.zone.api.get("/instance");
  if (isGone && instances.length > 0) {
    const gone = random.some<{ id: string; name: string }>(instances);
    say(`gone: ${gone.map(({ name }) => name).join(", ")}`);
    for (const { id } of gone) await world.zone.api.operate("DELETE", `/instance/${id}`);
  }
  if (isBad) {
    const faults = badFaults(random);
    say(`bad: ${faults.map(({ kind, share }) => `${kind} ${share}`).join(", ")}`);
    await world.zone.addFaults(faults);
  }
  const { code, output } = await world.stack.run(destroy, { env: hurry });
  await world.zone.clearFaults();
  if (code !== 0) {
    expectLegible(output);
    const next = await world.stack.run(destroy, { env: hurry });
    if (next.code !== 0) await followAdvice(world, destroy, next.output);
  }
  await world.zone.mend();
  await check(world, destroy);
  return code === 0 ? "right" : "repaired";
}
