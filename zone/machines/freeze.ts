/** Makes a machine hang as with a crashed kernel, and go on. */
import { containerOf, type Context } from "./context.ts";

/** @throws Error if the machine does not run */
export async function freeze(context: Context, id: string): Promise<void> {
  const container = containerOf(context, id);
  const { State } = await container.inspect();
  if (!State.Running) throw new Error(`instance ${id} does not run`);
  if (!State.Paused) await container.pause();
}

export async function unfreeze(context: Context, id: string): Promise<void> {
  const container = containerOf(context, id);
  if ((await container.inspect()).State.Paused) await container.unpause();
}
