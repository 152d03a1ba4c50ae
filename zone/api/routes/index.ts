/** All routes that the zone answers, family by family. */
import type { Family, Handler, Work } from "../zone.ts";
import { view as viewOperation } from "../operations.ts";
import { notFound } from "../errors.ts";
import { antiAffinityGroups } from "./anti-affinity-groups.ts";
import { elasticIps } from "./elastic-ips.ts";
import { instances } from "./instances.ts";
import { privateNetworks } from "./private-networks.ts";
import { reverseDns } from "./reverse-dns.ts";
import { securityGroups } from "./security-groups.ts";
import { snapshots } from "./snapshots.ts";
import { sshKeys } from "./ssh-keys.ts";
import { templates } from "./templates.ts";
import { zones } from "./zones.ts";

const operations: Family = {
  handlers: {
    "get-operation": (zone, { params }) => {
      const operation = zone.state.operations.get(params.id!);
      if (operation === undefined) throw notFound(`Operation ${params.id} not found`);
      return viewOperation(operation);
    },
  },
};

const FAMILIES: readonly Family[] = [
  zones,
  templates,
  sshKeys,
  antiAffinityGroups,
  securityGroups,
  instances,
  elasticIps,
  privateNetworks,
  reverseDns,
  snapshots,
  operations,
];

export const HANDLERS: Readonly<Record<string, Handler>> = Object.assign(
  {},
  ...FAMILIES.map(({ handlers }) => handlers),
);
export const WORK: Readonly<Record<string, Work>> = Object.assign({}, ...FAMILIES.map(({ work }) => work ?? {}));
