import { blows, interrupted, momentOf, type BlowName } from "../interrupt.ts";
import { check } from "../check.ts";
import type { Random } from "../../../zone/testing/random.ts";
import type { Verdict } from "../lines.ts";
import type { World } from "../environment.ts";
import { operationNames, operations, type Operation } from "./operations.ts";

/**
 * One operation, struck at a moment of its life: the same command again, or what takes it back, ends right, after
 * `bin/pulumi recover` where the engine's lock or operations of unknown outcome remain.
 */
export async function interruption(world: World, random: Random, say: (text: string) => void): Promise<Verdict> {
  const name = random.pick(operationNames);
  const blow = random.pick(Object.keys(blows) as BlowName[]);
  const { at, args, settings, lines, back }: Operation = operations[name];
  const moment = momentOf(random, lines);
  const next = back && random.next() < 0.4 ? back : { args, settings };
  say(`${name}, ${blow} after line ${moment.lines} and ${moment.delay} ms${next === back ? ", then back" : ""}`);

  await world.begin(at);
  world.stack.configure(settings);
  const { code, isHit } = await interrupted(world, args, blow, moment);
  if (!isHit) say("it had ended before");
  if (world.stack.isLocked() || world.stack.hasPending()) await world.stack.must(["recover"]);
  // A destroy that was cancelled ends with 0, too.
  const isDone = code === 0 && !isHit && next !== back;
  world.stack.configure(next.settings);
  if (!isDone) await world.stack.must(next.args);
  await check(world, next.args);
  return isDone ? "right" : "repaired";
}
