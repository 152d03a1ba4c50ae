import type { Instance } from "../../exoscale/api.ts";
import type { Client } from "../../exoscale/client.ts";
import { reset, resizeDisk, scale, typeName } from "../../exoscale/instance-actions.ts";
import type { Failure } from "../../exoscale/resource-provider.ts";

/** Type, disk and template of an instance, as far as they can change; undefined: left as it is. */
export interface MachineSpec {
  /** `family.size`, e.g. `standard.medium`. */
  readonly type?: string;
  /** GiB. */
  readonly diskSize?: number;
  /** Its id. An instance without one is never rebuilt. */
  readonly template?: string;
  /** What the template is made of. A template that was registered again from the same is the same. @default unknown */
  readonly image?: string;
}

/**
 * What another machine spec takes: nothing; `resize`, another type or a larger disk while the instance is stopped; or
 * `rebuild`, a fresh disk.
 */
export type SpecChange = "none" | "resize" | "rebuild";

const keys = ["type", "diskSize", "template"] as const;
const described = [...keys, "image"] as const;

/** The machine spec of an object that has more. */
export function specOf(inputs: MachineSpec): MachineSpec {
  return Object.fromEntries(described.filter((key) => inputs[key] !== undefined).map((key) => [key, inputs[key]]));
}

function shrinks(from: MachineSpec, to: MachineSpec): boolean {
  return from.diskSize !== undefined && to.diskSize !== undefined && to.diskSize < from.diskSize;
}

export function specChange(from: MachineSpec, to: MachineSpec): SpecChange {
  const isSameImage = to.image !== undefined && to.image === from.image;
  const differing = keys.filter(
    (key) => to[key] !== undefined && to[key] !== from[key] && !(key === "template" && isSameImage),
  );
  if (differing.length === 0) return "none";
  return differing.includes("template") || shrinks(from, to) ? "rebuild" : "resize";
}

/**
 * What was found, as it compares with what is wanted. A disk that is larger than recorded was made so by hand: it is kept,
 * and not a reason to rebuild. The image is that of the recorded template, as long as it is that template.
 */
export function asFound(actual: MachineSpec, recorded: MachineSpec, wanted: MachineSpec): MachineSpec {
  const { diskSize, template } = actual;
  const grown = diskSize !== undefined && recorded.diskSize !== undefined && diskSize > recorded.diskSize;
  const image = [recorded, wanted].find((each) => template !== undefined && each.template === template)?.image;
  return {
    ...actual,
    ...(grown && { diskSize: Math.min(diskSize, Math.max(recorded.diskSize, wanted.diskSize ?? 0)) }),
    ...(image !== undefined && { image }),
  };
}

/** Why one machine spec cannot become the other, and what to do. @param name The instance's. */
export function refusals(name: string, from: MachineSpec, to: MachineSpec): Failure[] {
  const failures: Failure[] = [];
  const canRebuild = to.template !== undefined;
  if (shrinks(from, to) && !canRebuild) {
    failures.push({
      property: "diskSize",
      reason: `the disk of ${name} cannot shrink and keep what is on it: it has ${from.diskSize} GiB, and ${to.diskSize} are asked for. Set it back to ${from.diskSize}.`,
    });
  }
  if (from.type !== undefined && to.type !== undefined && familyOf(from.type) !== familyOf(to.type)) {
    const all = name.replace(/\d+$/, "*");
    failures.push({
      property: "type",
      reason:
        `${name} cannot change from ${from.type} to ${to.type}: on Exoscale an instance stays within its family. Set it back to ${from.type}, or ` +
        (canRebuild
          ? `replace them all at once, drained first, without what is on their disks: bin/pulumi up --replace '**:Claim::${all}-instance'`
          : "destroy the cluster first."),
    });
  }
  return failures;
}

function familyOf(type: string): string {
  return type.split(".")[0]!;
}

/** The machine spec that the API reports, reduced to the keys that `wanted` has. */
export async function actualSpec(client: Client, instance: Instance, wanted: MachineSpec): Promise<MachineSpec> {
  const { type, diskSize, template } = wanted;
  return {
    ...(type !== undefined && { type: await typeName(client, instance["instance-type"].id) }),
    ...(diskSize !== undefined && { diskSize: instance["disk-size"] ?? diskSize }),
    ...(template !== undefined && { template: instance.template?.id ?? template }),
  };
}

/** Gives a stopped instance the wanted machine spec. @param rebuild With a fresh disk, also if the API shows no difference. */
export async function applySpec(
  client: Client,
  instance: Instance,
  wanted: MachineSpec,
  rebuild: boolean,
): Promise<void> {
  const { type, diskSize, template } = wanted;
  const actual = await actualSpec(client, instance, wanted);
  const rebuilds = rebuild && template !== undefined;
  // Each type has a largest disk: a smaller disk comes before a smaller type, a larger disk after a larger type.
  const diskFirst = rebuilds && shrinks(actual, wanted);
  if (diskFirst) await reset(client, instance, template, diskSize);
  if (type !== undefined && actual.type !== type) await scale(client, instance, type);
  if (diskFirst) return;
  if (rebuilds) await reset(client, instance, template, diskSize);
  else if (diskSize !== undefined && actual.diskSize! < diskSize) await resizeDisk(client, instance, diskSize);
}
