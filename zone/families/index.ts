/** Every family of the zone. The page shows their sections in this order, and expects `operations` last. */
import type { Family } from "../api/family.ts";
import { antiAffinityGroups } from "./anti-affinity-groups.ts";
import { elasticIps } from "./elastic-ips.ts";
import { events } from "./events.ts";
import { instances } from "./instances/index.ts";
import { operations } from "./operations.ts";
import { privateNetworks } from "./private-networks.ts";
import { reverseDns } from "./reverse-dns.ts";
import { securityGroups } from "./security-groups.ts";
import { snapshots } from "./snapshots.ts";
import { sshKeys } from "./ssh-keys.ts";
import { templates } from "./templates.ts";
import { zones } from "./zones.ts";

const list = [
  zones,
  instances,
  securityGroups,
  elasticIps,
  privateNetworks,
  templates,
  sshKeys,
  antiAffinityGroups,
  reverseDns,
  snapshots,
  events,
  operations,
] as const;

export const FAMILIES: readonly Family[] = list;

type Listed = (typeof list)[number];

/** What each family says of its records in `bin/zone status --json`, by the name of its table. */
export type FamilyStatuses = {
  readonly [
    F in Listed as F extends Family<infer T, infer S> ? (unknown extends S ? never : T) : never
  ]: F extends Family<infer _T, infer S> ? readonly S[] : never;
};
