import type { Zone } from "./api/zone.ts";
import type { InstanceRecord } from "./families/instances/record.ts";

/** A version like Flatcar's, above all of them. */
const FIRST = "9999.0.0";

/** The version after the highest announced to any instance: it only has to differ from those. */
export function nextVersion(zone: Zone): string {
  const [highest] = [...zone.state.instances.values()]
    .flatMap(({ announcedVersion }) => announcedVersion ?? [])
    .map((version) => /^(\d+)\.(\d+)\.(\d+)$/.exec(version)?.slice(1).map(Number) ?? [])
    .filter((numbers) => numbers.length === 3)
    .sort((a, b) => b[0]! - a[0]! || b[1]! - a[1]! || b[2]! - a[2]!);
  return highest === undefined ? FIRST : `${highest[0]}.${highest[1]}.${highest[2]! + 1}`;
}

/**
 * Has the update-engines of these instances announce an OS version.
 *
 * @throws Error that names each instance where it failed; the others know the version
 */
export async function announceUpdate(zone: Zone, instances: readonly InstanceRecord[], version: string): Promise<void> {
  if (!/^[0-9A-Za-z][0-9A-Za-z.+-]*$/.test(version))
    throw new Error(`${version} is not a version: give one like ${FIRST}`);
  const off = instances.filter(({ state, unbooted }) => state !== "running" || unbooted);
  if (off.length > 0)
    throw new Error(`not running, so nothing is announced: ${off.map(({ name }) => name).join(", ")}`);
  const results = await Promise.allSettled(
    instances.map(async (each) => {
      await zone.machines.announceUpdate(each, version);
      const instance = zone.state.instances.get(each.id);
      if (instance !== undefined)
        zone.state.write((change) => change.put("instances", { ...instance, announcedVersion: version }));
    }),
  );
  const failures = results.flatMap((result, n) =>
    result.status === "rejected" ? `${instances[n]!.name}: ${(result.reason as Error).message}` : [],
  );
  if (failures.length > 0) throw new Error(`version ${version} could not be announced to ${failures.join("; ")}`);
}
