import { check } from "../check.ts";
import type { Verdict } from "../scenarios.ts";
import { destroy, up, type ChaosSandbox } from "../sandbox.ts";

export const replacements = ["two masters at once"] as const;

const named = (master: string) => ["--replace", `**dynamic/exoscale:Instance::chaos-${master}`];

/** Of masters that are replaced by name only one goes at a time; a destroy takes all. */
export async function replacement(sandbox: ChaosSandbox): Promise<Verdict> {
  await sandbox.begin("nothing");
  sandbox.stack.configure({ masters: 3, desiredWorkers: 0 });
  await sandbox.stack.must(up);
  const ids = async () =>
    (await sandbox.zone.api.get("/instance")).instances.map((each: { id: string }) => each.id) as string[];
  const before = await ids();
  const { code, output } = await sandbox.stack.run([...up, ...named("master-1"), ...named("master-3")]);
  if (code === 0) throw new Error("two masters are replaced at once");
  if (!/chaos-master-\d cannot be replaced together with chaos-master-\d: .* was not touched/.test(output))
    throw new Error(`not refused:\n${output}`);
  const after = await ids();
  const left = before.filter((id) => after.includes(id)).length;
  if (left < 2) throw new Error(`${left} of three masters were left`);
  await sandbox.stack.must(up);
  await check(sandbox, up);
  await sandbox.stack.must([...up, ...named("master-3")]);
  await check(sandbox, up);
  await sandbox.stack.must([...destroy, "--run-program"]);
  await check(sandbox, destroy);
  return "repaired";
}
