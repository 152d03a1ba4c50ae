import type { Random } from "../../../zone/testing/random.ts";
import type { Ran } from "../../sandbox/stack.ts";
import { check } from "../check.ts";
import { defects, kept, losses, type Allowance } from "../operator/instances.ts";
import { verbs } from "../operator/verbs.ts";
import { destroy, up, type ChaosSandbox } from "../sandbox.ts";
import type { Verdict } from "../scenarios.ts";

/** Signs of a bug or of a missing message. */
const blunders = /TypeError|ReferenceError|RangeError|\[object |Unhandled|panic:|^ +at .*\.[jt]s:\d+/m;

/** @throws Error if a command failed without a reason for a person */
function expectReason({ code, output }: Ran): void {
  if (code === 0) return;
  // `bin/pulumi` itself refuses without the CLI's prefix.
  if (!/\berror: .*\w|\bcannot be\b/i.test(output) || blunders.test(output))
    throw new Error(`a command failed without a legible reason:\n${output.slice(-3000)}`);
}

const union = (all: readonly Allowance[]): Allowance => ({
  instances: all.flatMap(({ instances = [] }) => instances),
  address: all.some(({ address }) => address),
  disks: all.some(({ disks }) => disks),
});

/** What is typed every day, with its accidents. */
const everyday = [
  "up",
  "up --refresh",
  "refresh",
  "settings",
  "settings that are refused",
  "killed",
  "two at once",
  "bad API",
];

/** Draws from all verbs. */
export function operator(sandbox: ChaosSandbox, random: Random, say: (text: string) => void): Promise<Verdict> {
  return operate(sandbox, random, say, Object.keys(verbs));
}

/** Draws from those of every day. */
export function everydayOperator(sandbox: ChaosSandbox, random: Random, say: (text: string) => void): Promise<Verdict> {
  return operate(sandbox, random, say, everyday);
}

/**
 * One to three commands of an operator, with their errors and accidents: none takes what it was not told to take, and a
 * plain `up`, or what recovers from a kill, ends well. Then nothing is missing, and a destroy leaves nothing.
 */
async function operate(
  sandbox: ChaosSandbox,
  random: Random,
  say: (text: string) => void,
  names: readonly string[],
): Promise<Verdict> {
  const { stack } = sandbox;
  await sandbox.begin("cluster");
  const allowances: Allowance[] = [];
  const before = await kept(sandbox);
  let isByHand = false;
  for (let left = random.int(1, 3); left > 0; left--) {
    // What an accident left is repaired before the next command is typed.
    if (isInterrupted(stack)) await stack.must(["recover"]);
    const verb = random.pick(names);
    const typed = await verbs[verb]!(sandbox, random);
    say(typed.said + (typed.ran.some(({ code }) => code !== 0) ? " (failed)" : ""));
    typed.ran.forEach(expectReason);
    allowances.push(typed.allows ?? {});
    isByHand ||= typed.isByHand ?? false;
    await sandbox.zone.settle();
    const lost = losses(before, await kept(sandbox), union(allowances));
    if (lost.length > 0) throw new Error(`after ${typed.said}: ${lost.join(", ")}`);
  }
  const verdict = await repaired(sandbox, isByHand);

  const wrong = [...losses(before, await kept(sandbox), union(allowances)), ...(await defects(sandbox))];
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  await check(sandbox, up);
  await stack.must(destroy);
  await check(sandbox, destroy);
  return verdict;
}

/** Whether an accident left a lock, operations of unknown outcome, or a state that is not whole. */
function isInterrupted(stack: ChaosSandbox["stack"]): boolean {
  try {
    return stack.isLocked() || stack.hasPending();
  } catch (error) {
    if (error instanceof SyntaxError) return true;
    throw error;
  }
}

/** A plain `up`, and if that does not end well what the documentation says. */
async function repaired({ stack }: ChaosSandbox, isByHand: boolean): Promise<Verdict> {
  const isToRecover = isInterrupted(stack);
  if (isToRecover) await stack.must(["recover"]);
  const { code } = await stack.run(up);
  if (code === 0 && !isByHand) return isToRecover ? "repaired" : "right";
  if (code !== 0) await stack.must(["recover"]);
  await stack.must([...up, "--refresh"]);
  return code === 0 ? "right" : "repaired";
}
