import { setTimeout as sleep } from "node:timers/promises";

import { check } from "../check.ts";
import { interrupted } from "../interrupt.ts";
import type { Verdict } from "../scenarios.ts";
import { signal } from "../../../toolchain/processes.ts";
import { up, type ChaosSandbox } from "../sandbox.ts";
import { operations } from "./operations.ts";

export const recoveries = ["beside a run that lives", "killed itself", "with nothing to do"] as const;

const trials: Readonly<Record<string, (sandbox: ChaosSandbox) => Promise<Verdict>>> = {
  async "beside a run that lives"(sandbox) {
    await sandbox.begin("nothing");
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const running = sandbox.stack.start(up, { onLine: (line) => line.includes("creat") && begun() });
    await hasBegun;
    const { code, output } = await sandbox.stack.run(["recover"]);
    if (code === 0 || !output.includes(`(process ${running.pid}) works on stack`))
      throw new Error(`recover does not refuse:\n${output}`);
    const ran = await running.done;
    if (ran.code !== 0) throw new Error(`recover disturbed the run that lives:\n${ran.output}`);
    await check(sandbox, up);
    return "right";
  },

  async "killed itself"(sandbox) {
    const { at, args, lines } = operations.up;
    await sandbox.begin(at);
    await interrupted(sandbox, args, "SIGKILL of the CLI", { lines: lines * 0.6, delay: 0 });
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const recovering = sandbox.stack.start(["recover"], { onLine: (line) => line.includes("refreshing") && begun() });
    await Promise.race([hasBegun, recovering.done]);
    // Kills recover and the CLI that it runs, but not its plugins.
    for (const { pid, command } of sandbox.stack.processes())
      if (!command.includes("dynamic-provider")) signal(pid, "SIGKILL");
    await recovering.done;
    await sleep(100);
    await sandbox.stack.must(["recover"]);
    await sandbox.stack.must(args);
    await check(sandbox, args);
    return "repaired";
  },

  async "with nothing to do"(sandbox) {
    await sandbox.begin("cluster");
    const before = await sandbox.zone.calls();
    const { code, output } = await sandbox.stack.run(["recover"]);
    if (code !== 0 || output !== "" || (await sandbox.zone.calls()) !== before)
      throw new Error(`recover does something:\n${output}`);
    return "right";
  },
};

/** Trials of `bin/pulumi recover`. */
export function recovery(sandbox: ChaosSandbox, which: string): Promise<Verdict> {
  return trials[which]!(sandbox);
}
