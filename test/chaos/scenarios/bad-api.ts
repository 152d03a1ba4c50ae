import type { Fault, FaultKind } from "../../../zone/api/faults.ts";
import { check } from "../check.ts";
import type { Verdict } from "../lines.ts";
import { expectLegible } from "../legible.ts";
import type { Random } from "../../../zone/testing/random.ts";
import type { World } from "../environment.ts";
import { operationNames, operations } from "./operations.ts";
import { followAdvice } from "./advice.ts";

/** What befalls calls, each as often as the others. */
const bad: readonly FaultKind[] = ["rate-limit", "server-error", "unavailable", "drop-before", "drop-after"];

/** Seconds that an operation may take here, where all of them take less than one. */
export const hurry = { EXOSCALE_OPERATION_TIMEOUT: "4" };

/** One call in ten goes wrong, and perhaps operations fail or hang besides. */
export function badFaults(random: Random): Fault[] {
  const faults: Fault[] = bad.map((kind) => ({ kind, share: 0.1 / bad.length }));
  if (random.next() < 0.5) faults.push({ kind: "operation-fails", share: random.pick([0.05, 0.2]) });
  if (random.next() < 0.3) faults.push({ kind: "operation-hangs", share: 0.05 });
  return faults;
}

/**
 * One operation while the API is bad: it ends right, or with an error that names the resource and the reason, and
 * the same command ends right once the API is well again.
 */
export async function badApi(world: World, random: Random, say: (text: string) => void): Promise<Verdict> {
  const name = random.pick(operationNames);
  const { at, args, settings } = operations[name];
  const faults = badFaults(random);
  const hangs = faults.some(({ kind }) => kind === "operation-hangs");
  // What hangs may be put right by those who run the API, or never.
  const isMended = random.next() < 0.5;
  say(
    [
      name,
      ...faults.slice(bad.length).map(({ kind, share }) => `${kind} ${share}`),
      ...(hangs ? [isMended ? "until mended" : "for ever"] : []),
    ].join(", "),
  );

  await world.begin(at);
  world.stack.configure(settings);
  await world.zone.addFaults(faults);
  const { code, output } = await world.stack.run(args, { env: hurry });
  await world.zone.clearFaults();
  if (code !== 0) {
    expectLegible(output);
    if (isMended) await world.zone.mend();
    const next = await world.stack.run(args, { env: hurry });
    if (next.code !== 0) await followAdvice(world, args, next.output);
  }
  if (hangs) await world.zone.mend();
  await check(world, args);
  return code === 0 ? "right" : "repaired";
}
