import { conflict, forbidden, notImplemented } from "../../api/errors.ts";
import { mutation, type Route } from "../../api/route.ts";
import type { Zone } from "../../api/zone.ts";
import { refuseLargerDisk, typeByName } from "../instance-types.ts";
import { templateRecords } from "../templates.ts";
import { passwordFor } from "./passwords.ts";
import { instanceRecords } from "./record.ts";
import { current, inState, plug, settle, unlessDeleted } from "./transitions.ts";

/**
 * Routes that start, stop and delete instances. Each checks the state and sets the passing one (`starting`, `stopping`,
 * `destroying`); its task drives the machine and settles the state, unless something else, like a delete, has changed it.
 */
export const powerRoutes: readonly Route[] = [
  mutation(
    "start-instance",
    (zone, { params, body }) => {
      if (body["rescue-profile"] !== undefined) throw notImplemented("This zone has no rescue-profile");
      const instance = inState(instanceRecords.find(zone, params.id), ["stopped"]);
      return instanceRecords.put({ ...instance, state: "starting" });
    },
    {
      bootsGuest: true,
      task: unlessDeleted(async (zone, { reference, bootless }) => {
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
    },
  ),

  mutation(
    "stop-instance",
    (zone, { params }) => {
      const instance = inState(instanceRecords.find(zone, params.id), ["running"]);
      return instanceRecords.put({ ...instance, state: "stopping" });
    },
    {
      task: unlessDeleted(async (zone, { reference }) => {
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
    },
  ),

  mutation(
    "reboot-instance",
    (zone, { params }) => instanceRecords.put(inState(instanceRecords.find(zone, params.id), ["running"])),
    {
      bootsGuest: true,
      task: unlessDeleted(async (zone, { reference, bootless }) => {
        await zone.network.apply(); // the guest reads its user-data again
        const instance = current(zone, reference!.id);
        if (bootless) await zone.machines.stop(instance);
        else if (instance.unbooted) await zone.machines.start(instance);
        else await zone.machines.reboot(instance);
        settle(zone, instance.id, ["running"], { state: "running", unbooted: bootless });
      }),
    },
  ),

  mutation(
    "reset-instance",
    (zone, { params, body }) => {
      const instance = inState(instanceRecords.find(zone, params.id), ["running", "stopped"]);
      const template = templateRecords.find(zone, body.template?.id ?? instance.template);
      if (!template.imported) throw conflict(`Template ${template.id} is not ready yet`);
      const diskSize = body["disk-size"] ?? instance.diskSize;
      if (body["disk-size"] !== undefined) refuseLargerDisk(typeByName(instance.type)!, diskSize);
      const running = instance.state === "running";
      return instanceRecords.put(
        {
          ...instance,
          template: template.id,
          diskSize,
          state: running ? "starting" : "stopped",
          password: passwordFor(template),
        },
        { running },
      );
    },
    {
      bootsGuest: true,
      task: unlessDeleted(async (zone, { reference, args, bootless }) => {
        const id = reference!.id;
        const instance = current(zone, id);
        try {
          await zone.network.apply();
          await zone.machines.reset(instance, templateRecords.find(zone, instance.template));
          if (args.running) await start(zone, id, bootless);
        } catch (error) {
          settle(zone, id, ["starting", "stopped"], { state: "error" });
          throw error;
        }
      }),
    },
  ),

  mutation(
    "delete-instance",
    (zone, { params }) => {
      const instance = instanceRecords.find(zone, params.id);
      if (instance.protected) throw forbidden(`Instance ${instance.id} is protected: remove its protection first`);
      if (instance.state === "destroying") throw conflict(`Instance ${instance.id} is being destroyed already`);
      return instanceRecords.put({ ...instance, state: "destroying" });
    },
    {
      overtakes: true,
      task: async (zone, { reference }) => {
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
    },
  ),
];

/** @param bootless leaves the machine off, which the API does not see */
export async function start(zone: Zone, id: string, bootless = false): Promise<void> {
  const before = current(zone, id);
  if (!bootless) await zone.machines.start(before);
  settle(zone, id, ["starting"], { state: "running", started: true, unbooted: bootless || undefined });
  await zone.network.apply();
  // Attached while it started: too late for the start, too early for a plug.
  if (zone.state.instances.get(id)?.privateNetworks !== before.privateNetworks) await plug(zone, id);
}
