import { conflict } from "../../api/errors.ts";
import { Resource } from "../../api/resource.ts";
import type { Zone } from "../../api/zone.ts";
import type { Instance } from "../../types.ts";

export interface InstanceRecord extends Instance {
  /** Names of SSH keys, as given at creation. */
  readonly sshKeys: readonly string[];
  /** Becomes true with the first start. */
  readonly started: boolean;
  /** add-protection: refuses to be deleted. */
  readonly protected: boolean;
  readonly publicIpAssignment: "inet4" | "none";
  /** Of the default user, in templates that have one; revealed for a day. */
  readonly password?: { readonly text: string; readonly setAt: string };
  /** The fault `never-boots` applied to its last boot: the API says running, and there is no guest. */
  readonly unbooted?: boolean;
  /** The last OS version announced to its update-engine. */
  readonly announcedVersion?: string;
}

declare module "../../records.ts" {
  interface Records {
    instances: InstanceRecord;
  }
}

export const instanceRecords = new Resource("instances", "instance", "Instance");

/** An instance to change. @throws ApiError 404, or 409 while it is being destroyed */
export function findLiving(zone: Zone, id: string | undefined): InstanceRecord {
  const instance = instanceRecords.find(zone, id);
  if (instance.state === "destroying") throw conflict(`Instance ${instance.id} is being destroyed`);
  return instance;
}

/**
 * An instance to attach an elastic IP or a security group to. @throws ApiError 404, or 409 as for every other state that does
 * not allow a change
 */
export function findAttachable(zone: Zone, id: string | undefined): InstanceRecord {
  const instance = findLiving(zone, id);
  if (zone.settings.attach === "after-start" && !instance.started) {
    throw conflict(`Instance ${instance.id} has never been started: it takes no changes of its network before`);
  }
  return instance;
}

/** Instances by each of the ids that `idsOf` gives for them, e.g. of the elastic IPs that they hold. */
export function instancesBy(
  zone: Zone,
  idsOf: (instance: InstanceRecord) => readonly string[],
): ReadonlyMap<string, readonly InstanceRecord[]> {
  const found = new Map<string, InstanceRecord[]>();
  for (const instance of zone.state.instances.values()) {
    for (const id of idsOf(instance)) {
      const list = found.get(id);
      if (list === undefined) found.set(id, [instance]);
      else list.push(instance);
    }
  }
  return found;
}
