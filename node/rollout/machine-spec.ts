import type { Instance } from "../../exoscale/api.ts";
import type { Client } from "../../exoscale/client.ts";
import type { Failure } from "../../exoscale/resource-provider.ts";
import { reset, resizeDisk, scale, typeName } from "../../exoscale/instance-actions.ts";

/** What an instance is made of and can be made of anew; undefined: whatever it is. */
export interface MadeOf {
  /** `family.size`, e.g. `standard.medium`. */
  readonly type?: string;
  /** GiB. */
  readonly diskSize?: number;
  /** Its id. Without one the instance keeps its disk for ever. */
  readonly template?: string;
}

/** What it takes to be made of something else: nothing, a time switched off, or a fresh disk. */
export type Work = "none" | "resize" | "remake";

const parts = ["type", "diskSize", "template"] as const;

/** Only what there is of it. */
export function partsOf(made: MadeOf): MadeOf {
  return Object.fromEntries(parts.filter((part) => made[part] !== undefined).map((part) => [part, made[part]]));
}

/** The parts of `to` that are others than those of `from`. */
function unlike(from: MadeOf, to: MadeOf): (typeof parts)[number][] {
  return parts.filter((part) => to[part] !== undefined && to[part] !== from[part]);
}

function shrinks(from: MadeOf, to: MadeOf): boolean {
  return from.diskSize !== undefined && to.diskSize !== undefined && to.diskSize < from.diskSize;
}

export function workFor(from: MadeOf, to: MadeOf): Work {
  const others = unlike(from, to);
  if (others.length === 0) return "none";
  return others.includes("template") || shrinks(from, to) ? "remake" : "resize";
}

/** What of it cannot be, and what to do. @param name The instance's. */
export function refusals(name: string, from: MadeOf, to: MadeOf): Failure[] {
  const failures: Failure[] = [];
  const canBeAnew = to.template !== undefined;
  if (shrinks(from, to) && !canBeAnew) {
    failures.push({
      property: "diskSize",
      reason: `the disk of ${name} cannot shrink and keep what is on it: it has ${from.diskSize} GiB, and ${to.diskSize} are asked for. Set it back to ${from.diskSize}.`,
    });
  }
  if (from.type !== undefined && to.type !== undefined && familyOf(from.type) !== familyOf(to.type)) {
    const others = name.replace(/\d+$/, "*");
    failures.push({
      property: "type",
      reason:
        `${name} cannot change from ${from.type} to ${to.type}: on Exoscale an instance stays within its family. Set it back to ${from.type}, or ` +
        (canBeAnew
          ? `replace them all at once, drained first, without what is on their disks: bin/pulumi up --replace '**:Claim::${others}-instance'`
          : "destroy the cluster first."),
    });
  }
  return failures;
}

function familyOf(type: string): string {
  return type.split(".")[0]!;
}

/** By the API's word, as far as there is something to compare it with. */
export async function madeOf(client: Client, actual: Instance, known: MadeOf): Promise<MadeOf> {
  return {
    ...(known.type !== undefined && { type: await typeName(client, actual["instance-type"].id) }),
    ...(known.diskSize !== undefined && { diskSize: actual["disk-size"] ?? known.diskSize }),
    ...(known.template !== undefined && { template: actual.template?.id ?? known.template }),
  };
}

/** Has a stopped instance be made of what is wanted. @param isAnew With a fresh disk also where the API says that it is so already. */
export async function remodel(client: Client, actual: Instance, wanted: MadeOf, isAnew: boolean): Promise<void> {
  const { type, diskSize, template } = wanted;
  const before = await madeOf(client, actual, wanted);
  if (type !== undefined && before.type !== type) await scale(client, actual, type);
  if (template !== undefined && (isAnew || workFor(before, wanted) === "remake"))
    await reset(client, actual, template, diskSize);
  // Smaller than it is it cannot be; the API says so.
  else if (diskSize !== undefined && before.diskSize !== diskSize) await resizeDisk(client, actual, diskSize);
}
