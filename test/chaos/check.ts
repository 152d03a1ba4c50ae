import { differences } from "./inventory.ts";
import { misfits } from "./keys.ts";
import { destroy, type World } from "./environment.ts";

/**
 * Whether all is as it should be once a command has ended well: the zone's inventory is the state's, every instance's
 * keys are, and nothing is left to be done.
 *
 * @throws Error with everything that is not.
 */
export async function check(world: World, args: readonly string[]): Promise<void> {
  await world.zone.settle();
  const wrong = [...(await differences(world)), ...(await misfits(world))];
  if (args[0] === destroy[0]) {
    const { length } = world.stack.resources();
    if (length > 0) wrong.push(`${length} resources are left in the state`);
  } else if (wrong.length === 0) {
    const { code, output } = await world.stack.run([
      "preview",
      "--refresh",
      "--expect-no-changes",
      "--diff",
      "--non-interactive",
    ]);
    if (code !== 0) wrong.push(`something is left to be done:\n${output}`);
  }
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}
