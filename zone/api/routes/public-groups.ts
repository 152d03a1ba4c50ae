import { healthCheckSourceOf } from "../../addresses.ts";
import { healthCheckSources } from "../../types.ts";
import type { Zone } from "../zone.ts";

/** A group that Exoscale keeps: of addresses that its own services call from. Rules may name it as a peer. */
export interface PublicGroup {
  readonly id: string;
  readonly name: string;
}

export const PUBLIC_GROUPS: readonly PublicGroup[] = [healthCheckSources];

/** `name` is `id` or name. */
export const findPublicGroup = (name: string | undefined): PublicGroup | undefined =>
  PUBLIC_GROUPS.find((group) => group.id === name || group.name === name);

export const viewPublicGroup = (zone: Zone, { id, name }: PublicGroup): object => ({
  id,
  name,
  visibility: "public",
  description: "Where health checks of elastic IPs come from",
  "external-sources": [`${healthCheckSourceOf(zone.addresses.gateway)}/32`],
});
