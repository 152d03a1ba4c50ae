import { differences } from "./inventory.ts";
import { keyMismatches } from "./keys.ts";
import { destroy, type ChaosSandbox } from "./sandbox.ts";

/**
 * Checks the result of a command that succeeded: the zone's inventory and every instance's keys match the state, and a
 * preview with refresh finds no changes.
 *
 * @throws Error with all that is wrong.
 */
export async function check(sandbox: ChaosSandbox, args: readonly string[]): Promise<void> {
  await sandbox.zone.settle();
  const wrong = [...(await differences(sandbox)), ...(await keyMismatches(sandbox))];
  if (args[0] === destroy[0]) {
    const { length } = sandbox.stack.resources();
    if (length > 0) wrong.push(`${length} resources are left in the state`);
  } else if (wrong.length === 0) {
    const { code, output } = await sandbox.stack.run([
      "preview",
      "--refresh",
      "--expect-no-changes",
      "--diff",
      "--non-interactive",
    ]);
    if (code !== 0) wrong.push(`the preview finds changes:\n${output}`);
  }
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}
