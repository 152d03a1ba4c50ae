import { diagnosticsIn } from "../legible.ts";
import type { ChaosSandbox } from "../sandbox.ts";

/** The id of an instance that the error says to delete. */
const toDelete = /for instance \S+ \((\S+)\) .*delete it, then run the same command with --refresh/;
const toWait = /Run the same command again once the API no longer lists it/;

/**
 * Does what the errors of a failed run say, and runs the same command again: deletes an instance that is stuck, waits
 * for one whose deletion is.
 *
 * @throws Error when no error says what could be done, or when it does not help.
 */
export async function followAdvice(sandbox: ChaosSandbox, args: readonly string[], output: string): Promise<void> {
  const reasons = diagnosticsIn(output).map(({ reason }) => reason);
  const ids = reasons.flatMap((reason) => toDelete.exec(reason)?.[1] ?? []);
  const isToWait = reasons.some((reason) => toWait.test(reason));
  if (ids.length === 0 && !isToWait)
    throw new Error(`the next run failed, and no error says what to do:\n${reasons.join("\n")}`);
  for (const id of ids) await sandbox.zone.api.operate("DELETE", `/instance/${id}`);
  if (isToWait) await sandbox.zone.mend();
  await sandbox.stack.must(ids.length > 0 ? [...args, "--refresh"] : args);
}
