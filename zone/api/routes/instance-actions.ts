import type { InstanceRecord } from "../../records.ts";
import type { InstanceState } from "../../types.ts";
import { badRequest, conflict, forbidden, notImplemented } from "../errors.ts";
import { OperationError } from "../operations.ts";
import { applyNetwork, Plan, type Handler, type Work, type Zone } from "../zone.ts";
import { authorizedType, findInstance, findTemplate } from "./find.ts";

/**
 * What turns instances on and off. A handler checks the state and sets the passing one (`starting`, `stopping`,
 * `destroying`); the work drives the machine and settles the state, unless something else, like a delete, has changed it.
 */
export const actions: Readonly<Record<string, Handler>> = {
  "start-instance": (zone, { params, body }) => {
    if (body?.["rescue-profile"] !== undefined) throw notImplemented("This zone has no rescue-profile");
    const instance = inState(findInstance(zone, params.id!), ["stopped"]);
    return instancePlan("start-instance", { ...instance, state: "starting" });
  },

  "stop-instance": (zone, { params }) => {
    const instance = inState(findInstance(zone, params.id!), ["running"]);
    return instancePlan("stop-instance", { ...instance, state: "stopping" });
  },

  "reboot-instance": (zone, { params }) =>
    instancePlan("reboot-instance", inState(findInstance(zone, params.id!), ["running"])),

  "reset-instance": (zone, { params, body }) => {
    const instance = inState(findInstance(zone, params.id!), ["running", "stopped"]);
    const template = findTemplate(zone, body?.template?.id ?? instance.template);
    if (!template.imported) throw conflict(`Template ${template.id} is not ready yet`);
    const running = instance.state === "running";
    return instancePlan("reset-instance", {
      ...instance,
      template: template.id,
      diskSize: body?.["disk-size"] ?? instance.diskSize,
      state: running ? "starting" : "stopped",
    }, { running });
  },

  "scale-instance": (zone, { params, body }) => {
    const instance = inState(findInstance(zone, params.id!), ["stopped"]);
    const { family, size, cpus, memory } = authorizedType(body["instance-type"].id);
    return instancePlan("scale-instance", { ...instance, type: `${family}.${size}`, cpus, memory });
  },

  "resize-instance-disk": (zone, { params, body }) => {
    const instance = inState(findInstance(zone, params.id!), ["stopped"]);
    const diskSize: number = body["disk-size"];
    if (diskSize <= instance.diskSize) {
      throw badRequest(`A disk can only grow: disk-size must be greater than ${instance.diskSize}`);
    }
    return instancePlan("resize-instance-disk", { ...instance, diskSize });
  },

  "add-instance-protection": (zone, { params }) =>
    instancePlan("add-instance-protection", { ...findInstance(zone, params.id!), protected: true }),

  "remove-instance-protection": (zone, { params }) =>
    instancePlan("remove-instance-protection", { ...findInstance(zone, params.id!), protected: false }),

  "delete-instance": (zone, { params }) => {
    const instance = findInstance(zone, params.id!);
    if (instance.protected) throw forbidden(`Instance ${instance.id} is protected: remove its protection first`);
    if (instance.state === "destroying") throw conflict(`Instance ${instance.id} is being destroyed already`);
    return instancePlan("delete-instance", { ...instance, state: "destroying" });
  },
};

export const work: Readonly<Record<string, Work>> = {
  "create-instance": async (zone, { reference, args }) => {
    const id = reference!.id;
    try {
      const template = findTemplate(zone, current(zone, id).template);
      await zone.network.apply(); // addresses and rules are in force before the machine is
      await zone.machines.create(current(zone, id), template);
      if (args.start) await start(zone, id);
    } catch (error) {
      settle(zone, id, ["starting", "stopped"], { state: "error" });
      throw error;
    }
  },

  "start-instance": async (zone, { reference }) => {
    const id = reference!.id;
    current(zone, id);
    try {
      await zone.network.apply();
      await start(zone, id);
    } catch (error) {
      settle(zone, id, ["starting"], { state: "stopped" });
      throw error;
    }
  },

  "stop-instance": async (zone, { reference }) => {
    const id = reference!.id;
    const instance = current(zone, id);
    try {
      await zone.machines.stop(instance);
    } catch (error) {
      settle(zone, id, ["stopping"], { state: "running" });
      throw error;
    }
    settle(zone, id, ["stopping"], { state: "stopped" });
    await zone.network.apply();
  },

  "reboot-instance": async (zone, { reference }) => {
    await zone.network.apply(); // it reads its user-data anew
    await zone.machines.reboot(current(zone, reference!.id));
  },

  "reset-instance": async (zone, { reference, args }) => {
    const id = reference!.id;
    const instance = current(zone, id);
    try {
      await zone.network.apply();
      await zone.machines.reset(instance, findTemplate(zone, instance.template));
      if (args.running) await start(zone, id);
    } catch (error) {
      settle(zone, id, ["starting", "stopped"], { state: "error" });
      throw error;
    }
  },

  "delete-instance": async (zone, { reference }) => {
    const instance = zone.state.instances.get(reference!.id);
    if (instance === undefined) return;
    try {
      await zone.machines.destroy(instance);
    } catch (error) {
      settle(zone, instance.id, ["destroying"], { state: "error" });
      throw error;
    }
    zone.state.write((change) => change.delete("instances", instance.id));
    await zone.network.apply();
  },

  "scale-instance": applyNetwork,
  "resize-instance-disk": applyNetwork,
  "add-instance-protection": applyNetwork,
  "remove-instance-protection": applyNetwork,
};

/** The plan of an operation that writes this instance. */
export const instancePlan = (command: string, instance: InstanceRecord, args?: Record<string, unknown>): Plan =>
  new Plan(command, { type: "instance", id: instance.id }, (change) => change.put("instances", instance), args);

/**
 * Settles an instance that is in one of the states of `from`; does nothing if it is gone or in another.
 */
export function settle(
  zone: Zone, id: string, from: readonly InstanceState[], to: Partial<InstanceRecord> & { state: InstanceState },
): void {
  const instance = zone.state.instances.get(id);
  if (instance === undefined || !from.includes(instance.state)) return;
  zone.state.write((change) => change.put("instances", { ...instance, ...to }));
}

async function start(zone: Zone, id: string): Promise<void> {
  await zone.machines.start(current(zone, id));
  settle(zone, id, ["starting"], { state: "running", started: true });
  await zone.network.apply();
}

function inState(instance: InstanceRecord, states: readonly InstanceState[]): InstanceRecord {
  if (states.includes(instance.state)) return instance;
  throw conflict(`Instance ${instance.id} is ${instance.state}: it must be ${states.join(" or ")} for this`);
}

/** The instance an operation is about; an operation whose instance is on its way out has been overtaken. */
function current(zone: Zone, id: string): InstanceRecord {
  const instance = zone.state.instances.get(id);
  const state = instance?.state ?? "destroyed";
  if (instance !== undefined && state !== "destroying" && state !== "error") return instance;
  throw new OperationError("interrupted", `the instance is in state ${state} by now`);
}
