import { badRequest, conflict, forbidden, notImplemented } from "../errors.ts";
import { applyNetwork, type Handler, type Work, type Zone } from "../zone.ts";
import { authorizedType, findInstance, findLiving, findTemplate } from "./find.ts";
import { passwordFor } from "./instance-passwords.ts";
import { current, inState, instancePlan, plug, settle, unlessDeleted } from "./instance-state.ts";

/**
 * What turns instances on and off. A handler checks the state and sets the passing one (`starting`, `stopping`,
 * `destroying`); the work drives the machine and settles the state, unless something else, like a delete, has changed it.
 */
export const actions: Readonly<Record<string, Handler>> = {
  "start-instance": (zone, { params, body }) => {
    if (body["rescue-profile"] !== undefined) throw notImplemented("This zone has no rescue-profile");
    const instance = inState(findInstance(zone, params.id), ["stopped"]);
    return instancePlan("start-instance", { ...instance, state: "starting" });
  },

  "stop-instance": (zone, { params }) => {
    const instance = inState(findInstance(zone, params.id), ["running"]);
    return instancePlan("stop-instance", { ...instance, state: "stopping" });
  },

  "reboot-instance": (zone, { params }) =>
    instancePlan("reboot-instance", inState(findInstance(zone, params.id), ["running"])),

  "reset-instance": (zone, { params, body }) => {
    const instance = inState(findInstance(zone, params.id), ["running", "stopped"]);
    const template = findTemplate(zone, body.template?.id ?? instance.template);
    if (!template.imported) throw conflict(`Template ${template.id} is not ready yet`);
    const running = instance.state === "running";
    return instancePlan(
      "reset-instance",
      {
        ...instance,
        template: template.id,
        diskSize: body["disk-size"] ?? instance.diskSize,
        state: running ? "starting" : "stopped",
        password: passwordFor(template),
      },
      { running },
    );
  },

  "scale-instance": (zone, { params, body }) => {
    const instance = inState(findInstance(zone, params.id), ["stopped"]);
    const { family, size, cpus, memory } = authorizedType(body["instance-type"].id);
    const [before] = instance.type.split(".");
    if (family !== before)
      throw badRequest(`An instance stays in its family: ${family}.${size} is not of family ${before}`);
    return instancePlan("scale-instance", { ...instance, type: `${family}.${size}`, cpus, memory });
  },

  "resize-instance-disk": (zone, { params, body }) => {
    const instance = inState(findInstance(zone, params.id), ["stopped"]);
    const diskSize: number = body["disk-size"];
    if (diskSize <= instance.diskSize) {
      throw badRequest(`A disk can only grow: disk-size must be greater than ${instance.diskSize}`);
    }
    return instancePlan("resize-instance-disk", { ...instance, diskSize });
  },

  "add-instance-protection": (zone, { params }) =>
    instancePlan("add-instance-protection", { ...findLiving(zone, params.id), protected: true }),

  "remove-instance-protection": (zone, { params }) =>
    instancePlan("remove-instance-protection", { ...findLiving(zone, params.id), protected: false }),

  "delete-instance": (zone, { params }) => {
    const instance = findInstance(zone, params.id);
    if (instance.protected) throw forbidden(`Instance ${instance.id} is protected: remove its protection first`);
    if (instance.state === "destroying") throw conflict(`Instance ${instance.id} is being destroyed already`);
    return instancePlan("delete-instance", { ...instance, state: "destroying" });
  },
};

export const work: Readonly<Record<string, Work>> = {
  "create-instance": unlessDeleted(async (zone, { reference, args, bootless }) => {
    const id = reference!.id;
    try {
      const template = findTemplate(zone, current(zone, id).template);
      await zone.network.apply(); // addresses and rules are in force before the machine is
      await zone.machines.create(current(zone, id), template);
      if (args.start) await start(zone, id, bootless);
    } catch (error) {
      settle(zone, id, ["starting", "stopped"], { state: "error" });
      throw error;
    }
  }),

  "start-instance": unlessDeleted(async (zone, { reference, bootless }) => {
    const id = reference!.id;
    current(zone, id);
    try {
      await zone.network.apply();
      await start(zone, id, bootless);
    } catch (error) {
      settle(zone, id, ["starting"], { state: "stopped" });
      throw error;
    }
  }),

  "stop-instance": unlessDeleted(async (zone, { reference }) => {
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
  }),

  "reboot-instance": unlessDeleted(async (zone, { reference, bootless }) => {
    await zone.network.apply(); // it reads its user-data anew
    const instance = current(zone, reference!.id);
    if (bootless) await zone.machines.stop(instance);
    else if (instance.unbooted) await zone.machines.start(instance);
    else await zone.machines.reboot(instance);
    settle(zone, instance.id, ["running"], { state: "running", unbooted: bootless });
  }),

  "reset-instance": unlessDeleted(async (zone, { reference, args, bootless }) => {
    const id = reference!.id;
    const instance = current(zone, id);
    try {
      await zone.network.apply();
      await zone.machines.reset(instance, findTemplate(zone, instance.template));
      if (args.running) await start(zone, id, bootless);
    } catch (error) {
      settle(zone, id, ["starting", "stopped"], { state: "error" });
      throw error;
    }
  }),

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
  "reset-instance-password": applyNetwork,
};

/** @param bootless leaves the machine off, which the API does not see */
async function start(zone: Zone, id: string, bootless = false): Promise<void> {
  const before = current(zone, id);
  if (!bootless) await zone.machines.start(before);
  settle(zone, id, ["starting"], { state: "running", started: true, unbooted: bootless || undefined });
  await zone.network.apply();
  // Attached while it started: too late for the start, too early for a plug.
  if (zone.state.instances.get(id)?.privateNetworks !== before.privateNetworks) await plug(zone, id);
}
