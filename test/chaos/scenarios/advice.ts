import { toldIn } from "../legible.ts";
import type { World } from "../environment.ts";

/** An instance's id, where the error says that it is to be deleted. */
const toDelete = /for instance \S+ \((\S+)\) .*delete it, then run the same command with --refresh/;
const toWait = /Run the same command again once the API no longer lists it/;

/**
 * Does what the errors of a failed run say, and runs the same command again: deletes an instance that is stuck, waits
 * for one whose deletion is.
 *
 * @throws Error when no error says what could be done, or when it does not help.
 */
export async function followAdvice(world: World, args: readonly string[], output: string): Promise<void> {
  const told = toldIn(output).map(({ reason }) => reason);
  const ids = told.flatMap((reason) => toDelete.exec(reason)?.[1] ?? []);
  const isToWait = told.some((reason) => toWait.test(reason));
  if (ids.length === 0 && !isToWait)
    throw new Error(`the next run failed, and no error says what to do:\n${told.join("\n")}`);
  for (const id of ids) await world.zone.api.operate("DELETE", `/instance/${id}`);
  if (isToWait) await world.zone.mend();
  await world.stack.must(ids.length > 0 ? [...args, "--refresh"] : args);
}
