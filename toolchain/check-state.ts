/**
 * `check-state.ts STACK COMMAND...`, for bin/pulumi: ends with an error before a command that could not read the state, or
 * that would change the cloud and could not write down what it did.
 */
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { size } from "./progress.ts";
import { Failure, main } from "./run.ts";
import { parse } from "./stack-name.ts";
import { backendDirectory, damageOf, stateOf } from "./state.ts";

/** Commands that write the state all the time while they change the cloud. */
const writing = ["up", "update", "destroy", "down", "refresh", "import", "watch"];

/**
 * @param backend the directory of a `file://` backend
 * @throws Failure if a run would fill the disk: it keeps up to four copies of the state, which grows
 */
export async function checkRoom(backend: string, stack: string): Promise<void> {
  const { bavail, bsize } = await statfs(backend);
  const free = bavail * bsize;
  const need = 4 * ((await stateOf(backend, stack))?.size ?? 0) + 1e6;
  if (free >= need) return;
  throw new Failure(
    `The state of stack ${stack} takes up to ${size(need)} more while it is being written, and ${backend} has ` +
      `${size(free)} free. Nothing was changed: free some, then type the same again.`,
  );
}

/** @throws Failure if the stack has resources: the cluster's name is its stack's, and the next `up` would make a second one */
async function refuseRename(backend: string, stack: string): Promise<void> {
  const resources = (await stateOf(backend, stack))?.resources ?? 0;
  if (resources === 0) return;
  throw new Failure(
    `Stack ${stack} has ${resources} resources and cannot be renamed: every name in the cloud and on the nodes begins with the ` +
      `stack's, and the next up would make a second cluster and remove this one. Destroy it first, or make another stack.`,
  );
}

if (import.meta.main) {
  await main(async () => {
    const [stack, ...args] = process.argv.slice(2);
    const [verb, what] = parse(args).positionals;
    const backend = backendDirectory(process.env["PULUMI_BACKEND_URL"]!);
    if (backend === undefined || !existsSync(backend)) return;
    const damage = await damageOf(backend, stack!);
    if (damage) {
      throw new Failure(`The state of stack ${stack} cannot be read: ${damage}. Type: bin/pulumi recover ${stack}`);
    }
    if (verb === "stack" && what === "rename") await refuseRename(backend, stack!);
    if (verb !== undefined && writing.includes(verb)) await checkRoom(backend, stack!);
  });
}
