/** Starts machines and connects them to their private networks. */
import type { Instance } from "../types.ts";
import { bridgeName } from "./bridge.ts";
import { plugCables, requireBridges } from "./cables.ts";
import { memoryLimit } from "./container.ts";
import { containerOf, type Context } from "./context.ts";
import { ignoreUnchanged } from "./responses.ts";

/**
 * Starts a machine, without waiting for its guest; does not connect it yet.
 *
 * @returns false if it is frozen: it runs, and stays frozen
 */
export async function startMachine(context: Context, instance: Instance): Promise<boolean> {
  const { limitMemory, network } = context.settings;
  const container = containerOf(context, instance.id);
  if ((await container.inspect()).State.Paused) return false;
  requireBridges(bridgeName(network), instance);
  // The type may have changed while it was off.
  if (limitMemory) await container.update({ Memory: memoryLimit(instance), MemorySwap: -1 });
  await container.start().catch(ignoreUnchanged);
  return true;
}

/** Makes the private interfaces of a machine those of `instance.privateNetworks`, if it runs. */
export async function plugMachine(context: Context, instance: Instance): Promise<void> {
  const { State } = await containerOf(context, instance.id).inspect();
  if (State.Running) await plugCables(bridgeName(context.settings.network), State.Pid, instance);
}
