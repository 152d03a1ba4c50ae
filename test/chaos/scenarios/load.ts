import { check } from "../check.ts";
import { expectLegible, toldIn } from "../legible.ts";
import type { Verdict } from "../lines.ts";
import { destroy, up, type World } from "../environment.ts";
import { followAdvice } from "./advice.ts";
import { hurry } from "./bad-api.ts";

/** Makes a worker hang: told to stop, and never stopped. */
async function stuckWorker(world: World): Promise<void> {
  await world.begin("cluster");
  const { instances } = await world.zone.api.get("/instance");
  const { id } = instances.find(({ name }: { name: string }) => name === "chaos-worker-1");
  await world.zone.addFaults([{ kind: "operation-hangs", route: "stop-instance", count: 1 }]);
  await world.zone.api.call("PUT", `/instance/${id}:stop`, {});
}

/** What a run says of the worker that hangs, once it has failed for it. */
function expectNamed(output: string): void {
  expectLegible(output);
  const others = toldIn(output).filter(
    ({ resource, reason }) => !resource.startsWith("Stack ") && !reason.includes("chaos-worker-1"),
  );
  if (others.length > 0)
    throw new Error(
      `others fail with it:\n${others.map(({ resource, reason }) => `${resource}: ${reason}`).join("\n")}`,
    );
}

const trials: Readonly<Record<string, (world: World) => Promise<Verdict>>> = {
  // That these end well is the proof: who waits for what hangs fails.
  async "others are made beside one that hangs"(world) {
    await stuckWorker(world);
    world.stack.configure({ desiredWorkers: 4 });
    await world.stack.must(up, { env: hurry });
    await world.zone.mend();
    await world.stack.must([...up, "--refresh"]);
    await check(world, up);
    return "right";
  },

  async "others go beside one that hangs"(world) {
    await stuckWorker(world);
    world.stack.configure({ desiredWorkers: 1 });
    await world.stack.must(up, { env: hurry });
    await world.zone.mend();
    await world.stack.must([...up, "--refresh"]);
    await check(world, up);
    return "right";
  },

  async "one that hangs goes"(world) {
    await stuckWorker(world);
    world.stack.configure({ desiredWorkers: 0 });
    await world.stack.must(up, { env: hurry });
    await check(world, up);
    return "right";
  },

  async "everything goes, with one that hangs"(world) {
    await stuckWorker(world);
    await world.stack.must(destroy, { env: hurry });
    await check(world, destroy);
    return "right";
  },

  async "one that hangs is told, and repaired by what the error says"(world) {
    await stuckWorker(world);
    const { code, output } = await world.stack.run([...up, "--refresh"], { env: hurry });
    if (code === 0) throw new Error("an instance that hangs counts as repaired");
    expectNamed(output);
    await followAdvice(world, up, output);
    await check(world, up);
    return "repaired";
  },

  async "the master changes beside a worker that hangs"(world) {
    await stuckWorker(world);
    world.stack.configure({ masterType: "standard.large", apiSources: ["203.0.113.0/24"] });
    await world.stack.must(up, { env: hurry });
    await world.zone.mend();
    await world.stack.must([...up, "--refresh"]);
    await check(world, up);
    return "right";
  },
};

export const loads = Object.keys(trials);

/** No operation on one node waits for another that is dead. */
export function load(world: World, which: string): Promise<Verdict> {
  return trials[which]!(world);
}
