/** Changes of an instance's state, by the API and by machines. */
import { conflict } from "../../api/errors.ts";
import { OperationError } from "../../api/operations.ts";
import type { Task } from "../../api/route.ts";
import type { Zone } from "../../api/zone.ts";
import type { InstanceState } from "../../types.ts";
import type { InstanceRecord } from "./record.ts";

/**
 * Changes an instance that is in one of the states of `from`; does nothing if it is gone or in another state.
 */
export function settle(
  zone: Zone,
  id: string,
  from: readonly InstanceState[],
  to: Partial<InstanceRecord> & { readonly state: InstanceState },
): void {
  const instance = zone.state.instances.get(id);
  if (instance === undefined || !from.includes(instance.state)) return;
  zone.state.write((change) => change.put("instances", { ...instance, ...to }));
}

/** Connects a running guest to the private networks that its instance is in now. */
export async function plug(zone: Zone, id: string): Promise<void> {
  const instance = zone.state.instances.get(id);
  if (instance?.state === "running" && !instance.unbooted) await zone.machines.plug(instance);
}

/** @throws ApiError 409 in any other state */
export function inState(instance: InstanceRecord, states: readonly InstanceState[]): InstanceRecord {
  if (states.includes(instance.state)) return instance;
  throw conflict(`Instance ${instance.id} is ${instance.state}: it must be ${states.join(" or ")} for this`);
}

/** The instance that an operation is about. @throws OperationError `interrupted` if it is being deleted or failed since */
export function current(zone: Zone, id: string): InstanceRecord {
  const instance = zone.state.instances.get(id);
  const state = instance?.state ?? "destroyed";
  if (instance !== undefined && state !== "destroying" && state !== "error") return instance;
  throw new OperationError("interrupted", `the instance is in state ${state} by now`);
}

/** A task that the instance's deletion interrupts: then that is its failure, whatever the machine reports. */
export const unlessDeleted =
  (task: Task): Task =>
  async (zone, operation) => {
    try {
      await task(zone, operation);
    } catch (error) {
      const state = zone.state.instances.get(operation.reference!.id)?.state;
      if (state !== undefined && state !== "destroying") throw error;
      throw new OperationError("interrupted", "the instance was deleted meanwhile");
    }
  };

/** After a restart of the daemon or of the host: the machine may still run, or not. */
export async function restart(zone: Zone, id: string): Promise<void> {
  const instance = zone.state.instances.get(id);
  if (instance?.state !== "running" || instance.unbooted) return;
  try {
    await zone.machines.start(instance);
  } catch (error) {
    zone.log(`instance ${id} does not start again, so it is stopped: ${(error as Error).message}`);
    settle(zone, id, ["running"], { state: "stopped" });
  }
  await zone.network.apply();
}

/** A guest turned itself off, or came back: its instance follows, unless an operation is changing it right now. */
export async function followMachine(zone: Zone, id: string, to: "running" | "stopped"): Promise<void> {
  const instance = zone.state.instances.get(id);
  if (instance === undefined || instance.state === to || instance.unbooted) return;
  settle(zone, id, ["running", "stopped"], { state: to });
  zone.log(`instance ${id}: the guest is ${to}`);
  await zone.network.apply().catch((error: unknown) => zone.log(String(error)));
}
