/** The largest disk that Exoscale gives an instance, by its type. */
import type { Problem } from "./problem.ts";
import type { Raw } from "./schema.ts";

/** GiB by size, as https://community.exoscale.com/product/compute/instances/overview has them. */
const limits: Readonly<Record<string, number>> = {
  micro: 200,
  tiny: 400,
  small: 400,
  medium: 400,
  large: 400,
  "extra-large": 800,
  huge: 800,
  mega: 800,
  titan: 1600,
  jumbo: 1600,
  colossus: 1600,
};

/** The families that they are of. Those with GPUs or for storage have others, which are left to the API. */
const families = ["standard", "cpu", "memory"];

/** Disks that are too large for their type: the API would refuse them in the middle of an update. */
export function diskProblems({ masterType, masterDisk, workerType, workerDisk }: Partial<Raw>): Problem[] {
  return [...problemsOf("master", masterType, masterDisk), ...problemsOf("worker", workerType, workerDisk)];
}

function problemsOf(kind: "master" | "worker", type?: string, disk?: number): Problem[] {
  if (type === undefined || disk === undefined) return [];
  const [family = "", size = ""] = type.split(".");
  const limit = families.includes(family) && Object.hasOwn(limits, size) ? limits[size]! : Infinity;
  if (disk <= limit) return [];
  const larger = Object.keys(limits).find((each) => limits[each]! >= disk);
  const otherwise = larger === undefined ? "" : `, or ${kind}Type ${family}.${larger} or larger`;
  const what = `${disk} GiB is more than the ${limit} GiB that Exoscale gives ${kind}Type ${type}; take a smaller disk${otherwise}`;
  return [{ at: [`${kind}Disk`], what, instead: String(limit) }];
}
