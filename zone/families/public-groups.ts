import { healthCheckSourceOf } from "../addresses.ts";
import type { Schema } from "../api/schema.ts";
import type { Zone } from "../api/zone.ts";
import { healthCheckSources } from "../types.ts";

/** A group that Exoscale maintains: the addresses of one of its own services. Rules may name it as a peer. */
export interface PublicGroup {
  readonly id: string;
  readonly name: string;
}

export const PUBLIC_GROUPS: readonly PublicGroup[] = [healthCheckSources];

export const findPublicGroup = (idOrName: string | undefined): PublicGroup | undefined =>
  PUBLIC_GROUPS.find(({ id, name }) => id === idOrName || name === idOrName);

export const viewPublicGroup = (zone: Zone, { id, name }: PublicGroup): Schema<"security-group"> => ({
  id,
  name,
  visibility: "public",
  description: "Where health checks of elastic IPs come from",
  "external-sources": [`${healthCheckSourceOf(zone.addresses.gateway)}/32`],
});
