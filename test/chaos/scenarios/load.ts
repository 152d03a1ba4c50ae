import { check } from "../check.ts";
import { expectLegible, diagnosticsIn } from "../legible.ts";
import type { Verdict } from "../scenarios.ts";
import { destroy, up, type ChaosSandbox } from "../sandbox.ts";
import { followAdvice } from "./advice.ts";
import { hurry } from "./bad-api.ts";

/** Makes a worker hang: its stop operation never ends. */
async function stuckWorker(sandbox: ChaosSandbox): Promise<void> {
  await sandbox.begin("cluster");
  const { instances } = await sandbox.zone.api.get("/instance");
  const { id } = instances.find(({ name }: { name: string }) => name === "chaos-worker-1");
  await sandbox.zone.addFaults([{ kind: "operation-hangs", route: "stop-instance", count: 1 }]);
  await sandbox.zone.api.call("PUT", `/instance/${id}:stop`, {});
}

/** @throws Error when a run that failed because of the worker that hangs names others */
function expectNamed(output: string): void {
  expectLegible(output);
  const others = diagnosticsIn(output).filter(
    ({ resource, reason }) => !resource.startsWith("Stack ") && !reason.includes("chaos-worker-1"),
  );
  if (others.length > 0)
    throw new Error(
      `others fail with it:\n${others.map(({ resource, reason }) => `${resource}: ${reason}`).join("\n")}`,
    );
}

const trials: Readonly<Record<string, (sandbox: ChaosSandbox) => Promise<Verdict>>> = {
  // A run that waits for the instance that hangs fails, so it is enough that these succeed.
  async "others are made beside one that hangs"(sandbox) {
    await stuckWorker(sandbox);
    sandbox.stack.configure({ desiredWorkers: 4 });
    await sandbox.stack.must(up, { env: hurry });
    await sandbox.zone.mend();
    await sandbox.stack.must([...up, "--refresh"]);
    await check(sandbox, up);
    return "right";
  },

  async "others go beside one that hangs"(sandbox) {
    await stuckWorker(sandbox);
    sandbox.stack.configure({ desiredWorkers: 1 });
    await sandbox.stack.must(up, { env: hurry });
    await sandbox.zone.mend();
    await sandbox.stack.must([...up, "--refresh"]);
    await check(sandbox, up);
    return "right";
  },

  async "one that hangs goes"(sandbox) {
    await stuckWorker(sandbox);
    sandbox.stack.configure({ desiredWorkers: 0 });
    await sandbox.stack.must(up, { env: hurry });
    await check(sandbox, up);
    return "right";
  },

  async "everything goes, with one that hangs"(sandbox) {
    await stuckWorker(sandbox);
    await sandbox.stack.must(destroy, { env: hurry });
    await check(sandbox, destroy);
    return "right";
  },

  async "one that hangs is named, and repaired by what the error says"(sandbox) {
    await stuckWorker(sandbox);
    const { code, output } = await sandbox.stack.run([...up, "--refresh"], { env: hurry });
    if (code === 0) throw new Error("an instance that hangs counts as repaired");
    expectNamed(output);
    await followAdvice(sandbox, up, output);
    await check(sandbox, up);
    return "repaired";
  },

  async "the master changes beside a worker that hangs"(sandbox) {
    await stuckWorker(sandbox);
    sandbox.stack.configure({ masterType: "standard.large", apiSources: ["203.0.113.0/24"] });
    await sandbox.stack.must(up, { env: hurry });
    await sandbox.zone.mend();
    await sandbox.stack.must([...up, "--refresh"]);
    await check(sandbox, up);
    return "right";
  },
};

export const loads = Object.keys(trials);

/** No operation on one node waits for another that is dead. */
export function load(sandbox: ChaosSandbox, which: string): Promise<Verdict> {
  return trials[which]!(sandbox);
}
