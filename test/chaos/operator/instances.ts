import type { ChaosSandbox } from "../sandbox.ts";

/** What an operator expects to keep of the zone, whatever they type. */
export interface Kept {
  /** Ids of instances by name. */
  readonly instances: ReadonlyMap<string, string>;
  /** The addresses of elastic IPs. */
  readonly addresses: readonly string[];
  /** Names of instances whose disk was wiped so far, once for each time. */
  readonly wiped: readonly string[];
}

/** What may change for a command. */
export interface Allowance {
  /** Names of instances that were to be made anew, or to go. */
  readonly instances?: readonly string[];
  /** The elastic IP was to be made anew. */
  readonly address?: boolean;
  /** Disks may be wiped, by a smaller size or another image. */
  readonly disks?: boolean;
}

export async function kept({ zone }: ChaosSandbox): Promise<Kept> {
  const { instances } = await zone.api.get("/instance");
  const addresses = (await zone.api.get("/elastic-ip"))["elastic-ips"].map(({ ip }: { ip: string }) => ip);
  const ids = new Map<string, string>(instances.map(({ name, id }: { name: string; id: string }) => [name, id]));
  const events: { uri: string; status: number }[] = await zone.api.get("/event");
  const wiped = events
    .filter(({ status }) => status === 200)
    .flatMap(({ uri }) => /\/instance\/([\w-]+):reset$/.exec(uri)?.[1] ?? [])
    .flatMap((id) => [...ids].find(([, each]) => each === id)?.[0] ?? []);
  return { instances: ids, addresses, wiped };
}

/** What was lost between two moments and was not allowed to be. @returns One sentence per loss. */
export function losses(before: Kept, after: Kept, { instances = [], address, disks }: Allowance = {}): string[] {
  const lost: string[] = [];
  for (const [name, id] of before.instances) {
    if (instances.includes(name) || after.instances.get(name) === id) continue;
    lost.push(`instance ${name} ${after.instances.has(name) ? "was made anew" : "is gone"}`);
  }
  if (!address) {
    const gone = before.addresses.filter((each) => !after.addresses.includes(each));
    lost.push(...gone.map((each) => `the elastic IP ${each} is gone`));
  }
  const newlyWiped = after.wiped.slice(0, Math.max(0, after.wiped.length - before.wiped.length));
  if (!disks)
    lost.push(...newlyWiped.filter((each) => !instances.includes(each)).map((each) => `the disk of ${each} was wiped`));
  return lost;
}

/**
 * What the end of a trial has to find beside the inventory: every instance runs, every master holds the elastic IP, and
 * groups have no source of their own. @returns One sentence for each that is not so.
 */
export async function defects({ zone }: ChaosSandbox): Promise<string[]> {
  const { instances } = await zone.api.get("/instance");
  const groups = (await zone.api.get("/security-group"))["security-groups"];
  const all = await Promise.all(instances.map(({ id }: { id: string }) => zone.api.get(`/instance/${id}`)));
  return [
    ...all.filter(({ state }) => state !== "running").map(({ name, state }) => `${name} is ${state}`),
    ...all
      .filter(({ labels, "elastic-ips": held = [] }) => labels?.role === "master" && held.length !== 1)
      .map(({ name }) => `${name} does not hold the elastic IP`),
    ...groups
      .filter(({ "external-sources": sources = [] }: { "external-sources"?: string[] }) => sources.length > 0)
      .map(({ name }: { name: string }) => `security group ${name} has an external source`),
  ];
}
