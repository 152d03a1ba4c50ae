import type { ElasticIp, Instance, Inventory } from "../types.ts";

/** Instances that an elastic IP is attached to and that have an address to send its traffic to. */
export function holdersOf(inventory: Inventory, elasticIp: ElasticIp): AddressedInstance[] {
  return addressed(inventory).filter((instance) => instance.elasticIps.includes(elasticIp.id));
}

export type AddressedInstance = Instance & { readonly address: string };

/** Instances with a public address, in order of creation. */
export const addressed = (inventory: Inventory): AddressedInstance[] =>
  [...inventory.instances.values()].filter((instance): instance is AddressedInstance => instance.address !== null);

/** Says whether a holder passes the health check of an elastic IP. */
export type Healthy = (elasticIp: ElasticIp, holder: Instance) => boolean;

/**
 * Managed elastic IPs and the addresses that their traffic goes to at this moment: holders that run and are healthy,
 * none for an elastic IP without them.
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

/** A target that lost its traffic: connections through it are to be forgotten. */
export interface Lost {
  readonly elasticIp: string;
  readonly holder: string;
}

/** Targets that `before` had and `after` has not. */
export const lostTargets = (before: Map<string, string[]>, after: Map<string, string[]>): Lost[] =>
  [...before].flatMap(([elasticIp, holders]) =>
    holders.filter((holder) => !after.get(elasticIp)?.includes(holder)).map((holder) => ({ elasticIp, holder })),
  );
