import type { InstanceRecord } from "../../records.ts";
import type { InstanceState } from "../../types.ts";
import { conflict } from "../errors.ts";
import { OperationError } from "../operations.ts";
import { Plan, type Work, type Zone } from "../zone.ts";

/** The plan of an operation that writes this instance. */
export const instancePlan = (command: string, instance: InstanceRecord, args?: Record<string, unknown>): Plan =>
  new Plan(command, { type: "instance", id: instance.id }, (change) => change.put("instances", instance), args);

/**
 * Settles an instance that is in one of the states of `from`; does nothing if it is gone or in another.
 */
export function settle(
  zone: Zone,
  id: string,
  from: readonly InstanceState[],
  to: Partial<InstanceRecord> & { state: InstanceState },
): void {
  const instance = zone.state.instances.get(id);
  if (instance === undefined || !from.includes(instance.state)) return;
  zone.state.write((change) => change.put("instances", { ...instance, ...to }));
}

/** Has a running guest see the private networks that its instance is in by now. */
export async function plug(zone: Zone, id: string): Promise<void> {
  const instance = zone.state.instances.get(id);
  if (instance?.state === "running" && !instance.unbooted) await zone.machines.plug(instance);
}

/** @throws ApiError 409 in any other state */
export function inState(instance: InstanceRecord, states: readonly InstanceState[]): InstanceRecord {
  if (states.includes(instance.state)) return instance;
  throw conflict(`Instance ${instance.id} is ${instance.state}: it must be ${states.join(" or ")} for this`);
}

/** The instance an operation is about; an operation whose instance is on its way out has been overtaken. */
export function current(zone: Zone, id: string): InstanceRecord {
  const instance = zone.state.instances.get(id);
  const state = instance?.state ?? "destroyed";
  if (instance !== undefined && state !== "destroying" && state !== "error") return instance;
  throw new OperationError("interrupted", `the instance is in state ${state} by now`);
}

/** Work that an instance's deletion puts an end to: then that is its failure, whatever the machine says of it. */
export const unlessDeleted =
  (work: Work): Work =>
  async (zone, operation) => {
    try {
      await work(zone, operation);
    } catch (error) {
      const state = zone.state.instances.get(operation.reference!.id)?.state;
      if (state !== undefined && state !== "destroying") throw error;
      throw new OperationError("interrupted", "the instance was deleted meanwhile");
    }
  };
