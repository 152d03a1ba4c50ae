import type { ElasticIp, Instance, Inventory } from "../types.ts";

/** Instances with a public address that an elastic IP is attached to. */
export function holdersOf(inventory: Inventory, elasticIp: ElasticIp): AddressedInstance[] {
  return addressed(inventory).filter((instance) => instance.elasticIps.includes(elasticIp.id));
}

export type AddressedInstance = Instance & { readonly address: string };

/** Instances with a public address, in order of creation. */
export const addressed = (inventory: Inventory): AddressedInstance[] =>
  [...inventory.instances.values()].filter((instance): instance is AddressedInstance => instance.address !== null);

/** Returns whether a holder passes the health check of an elastic IP. */
export type Healthy = (elasticIp: ElasticIp, holder: Instance) => boolean;

/**
 * The addresses that the traffic of each managed elastic IP goes to now: those of holders that run and are healthy. The
 * list may be empty.
 */
export function targetsOf(inventory: Inventory, healthy: Healthy): Map<string, string[]> {
  const targets = new Map<string, string[]>();
  for (const elasticIp of inventory.elasticIps.values()) {
    if (elasticIp.healthcheck === undefined) continue;
    const holders = holdersOf(inventory, elasticIp).filter(
      (holder) => holder.state === "running" && healthy(elasticIp, holder),
    );
    targets.set(
      elasticIp.address,
      holders.map(({ address }) => address),
    );
  }
  return targets;
}

/** A holder that gets no more traffic: conntrack has to forget its connections. */
export interface Lost {
  readonly elasticIp: string;
  readonly holder: string;
}

/** Targets in `before` that are missing in `after`. */
export const lostTargets = (before: Map<string, string[]>, after: Map<string, string[]>): Lost[] =>
  [...before].flatMap(([elasticIp, holders]) =>
    holders.filter((holder) => !after.get(elasticIp)?.includes(holder)).map((holder) => ({ elasticIp, holder })),
  );
