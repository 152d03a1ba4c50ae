import { setTimeout as sleep } from "node:timers/promises";

import { check } from "../check.ts";
import { interrupted } from "../interrupt.ts";
import type { Verdict } from "../lines.ts";
import { signal } from "../../../toolchain/processes.ts";
import { up, type World } from "../environment.ts";
import { operations } from "./operations.ts";

export const recoveries = ["beside a run that lives", "killed itself", "with nothing to do"] as const;

const trials: Readonly<Record<string, (world: World) => Promise<Verdict>>> = {
  async "beside a run that lives"(world) {
    await world.begin("nothing");
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const running = world.stack.start(up, { onLine: (line) => line.includes("creat") && begun() });
    await hasBegun;
    const { code, output } = await world.stack.run(["recover"]);
    if (code === 0 || !output.includes(`(process ${running.pid}) works on stack`))
      throw new Error(`recover does not refuse:\n${output}`);
    const ran = await running.done;
    if (ran.code !== 0) throw new Error(`recover disturbed the run that lives:\n${ran.output}`);
    await check(world, up);
    return "right";
  },

  async "killed itself"(world) {
    const { at, args, lines } = operations.up;
    await world.begin(at);
    await interrupted(world, args, "SIGKILL of the CLI", { lines: lines * 0.6, delay: 0 });
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const recovering = world.stack.start(["recover"], { onLine: (line) => line.includes("refreshing") && begun() });
    await Promise.race([hasBegun, recovering.done]);
    // recover and the CLI that it runs, and its plugins left alone.
    for (const { pid, command } of world.stack.processes())
      if (!command.includes("dynamic-provider")) signal(pid, "SIGKILL");
    await recovering.done;
    await sleep(100);
    await world.stack.must(["recover"]);
    await world.stack.must(args);
    await check(world, args);
    return "repaired";
  },

  async "with nothing to do"(world) {
    await world.begin("cluster");
    const before = await world.zone.calls();
    const { code, output } = await world.stack.run(["recover"]);
    if (code !== 0 || output !== "" || (await world.zone.calls()) !== before)
      throw new Error(`recover does something:\n${output}`);
    return "right";
  },
};

/** `bin/pulumi recover` itself. */
export function recovery(world: World, which: string): Promise<Verdict> {
  return trials[which]!(world);
}
