import { interruptions, interrupted, momentOf, type InterruptionName } from "../interrupt.ts";
import { check } from "../check.ts";
import type { Random } from "../../../zone/testing/random.ts";
import type { Verdict } from "../scenarios.ts";
import type { ChaosSandbox } from "../sandbox.ts";
import { operationNames, operations, type Operation } from "./operations.ts";

/**
 * One command, interrupted at a random moment: the same command again, or the one that undoes it, succeeds, after
 * `bin/pulumi recover` where the engine's lock or operations of unknown outcome remain.
 */
export async function interruption(
  sandbox: ChaosSandbox,
  random: Random,
  say: (text: string) => void,
): Promise<Verdict> {
  const name = random.pick(operationNames);
  const interruption = random.pick(Object.keys(interruptions) as InterruptionName[]);
  const { at, args, settings, lines, back }: Operation = operations[name];
  const moment = momentOf(random, lines);
  const next = back && random.next() < 0.4 ? back : { args, settings };
  say(
    `${name}, ${interruption} after line ${moment.lines} and ${moment.delay} ms${next === back ? ", then back" : ""}`,
  );

  await sandbox.begin(at);
  sandbox.stack.configure(settings);
  const { code, isHit } = await interrupted(sandbox, args, interruption, moment);
  if (!isHit) say("it had ended before");
  if (sandbox.stack.isLocked() || sandbox.stack.hasPending()) await sandbox.stack.must(["recover"]);
  // A cancelled destroy ends with exit code 0, too.
  const isDone = code === 0 && !isHit && next !== back;
  sandbox.stack.configure(next.settings);
  if (!isDone) await sandbox.stack.must(next.args);
  await check(sandbox, next.args);
  return isDone ? "right" : "repaired";
}
