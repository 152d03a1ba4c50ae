import type { Fault, FaultKind } from "../../../zone/api/faults.ts";
import { check } from "../check.ts";
import type { Verdict } from "../scenarios.ts";
import { expectLegible } from "../legible.ts";
import type { Random } from "../../../zone/testing/random.ts";
import type { ChaosSandbox } from "../sandbox.ts";
import { operationNames, operations } from "./operations.ts";
import { followAdvice } from "./advice.ts";

/** Faults of calls, all equally likely. */
const bad: readonly FaultKind[] = ["rate-limit", "server-error", "unavailable", "drop-before", "drop-after"];

/** Seconds that an operation may take: here all take less than one. */
export const hurry = { EXOSCALE_OPERATION_TIMEOUT: "4" };

/** One call in ten fails; in some trials operations fail or hang, too. */
export function badFaults(random: Random): Fault[] {
  const faults: Fault[] = bad.map((kind) => ({ kind, share: 0.1 / bad.length }));
  if (random.next() < 0.5) faults.push({ kind: "operation-fails", share: random.pick([0.05, 0.2]) });
  if (random.next() < 0.3) faults.push({ kind: "operation-hangs", share: 0.05 });
  return faults;
}

/**
 * One command while calls fail: it succeeds, or ends with an error that names the resource and the reason, and the same
 * command succeeds once calls no longer fail.
 */
export async function badApi(sandbox: ChaosSandbox, random: Random, say: (text: string) => void): Promise<Verdict> {
  const name = random.pick(operationNames);
  const { at, args, settings } = operations[name];
  const faults = badFaults(random);
  const hangs = faults.some(({ kind }) => kind === "operation-hangs");
  // Operations that hang either continue later or never end.
  const isMended = random.next() < 0.5;
  say(
    [
      name,
      ...faults.slice(bad.length).map(({ kind, share }) => `${kind} ${share}`),
      ...(hangs ? [isMended ? "until mended" : "for ever"] : []),
    ].join(", "),
  );

  await sandbox.begin(at);
  sandbox.stack.configure(settings);
  await sandbox.zone.addFaults(faults);
  const { code, output } = await sandbox.stack.run(args, { env: hurry });
  await sandbox.zone.clearFaults();
  if (code !== 0) {
    expectLegible(output);
    if (isMended) await sandbox.zone.mend();
    const next = await sandbox.stack.run(args, { env: hurry });
    if (next.code !== 0) await followAdvice(sandbox, args, next.output);
  }
  if (hangs) await sandbox.zone.mend();
  await check(sandbox, args);
  return code === 0 ? "right" : "repaired";
}
