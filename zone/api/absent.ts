/**
 * Resources that this zone has none of: load balancers, databases and others. As in an account that never made one, their
 * list is empty and none is found by its id. What creates or changes them is not implemented.
 */
import { notFound, type ApiError } from "./errors.ts";
import { otherRoutes, readDocument, type OtherRoute } from "./document.ts";

/**
 * Tags of Exoscale's document whose resources exist only once somebody has made or ordered one. Every account has users,
 * roles and API keys, and models and their deployments can be Exoscale's own, so an empty list of those would be wrong.
 */
const TAGS = new Set([
  "ai-api-key",
  "block-storage",
  "cluster",
  "dbaas",
  "deploy-target",
  "domain",
  "instance-pool",
  "kms-key",
  "network-load-balancer",
  "nodepool",
  "record",
  "sos",
  "vpc-management",
  "vpc-route",
  "vpc-subnet",
]);

/** Routes with these tags that are about something else: what Exoscale offers, or a link to another service. */
const OTHERS = new Set([
  "get-dbaas-service-type",
  "get-sos-presigned-url",
  "list-dbaas-external-endpoint-types",
  "list-dbaas-integration-settings",
  "list-dbaas-integration-types",
  "list-dbaas-service-types",
  "list-sks-cluster-versions",
]);

/** `empty`: a list without items. `not-found`: one resource by its id or name, or something that belongs to it. */
export type Absence = "empty" | "not-found";

/** What a route that the zone does not implement says of resources that there are none of; undefined: nothing. */
export function absenceOf({ method, path, name, tag, items }: OtherRoute): Absence | undefined {
  if (method !== "GET" || !TAGS.has(tag) || OTHERS.has(name)) return undefined;
  if (path.includes("{")) return "not-found";
  return items === undefined ? undefined : "empty";
}

/** Operation ids of all routes that say so. */
export const absentRoutes = (): string[] =>
  otherRoutes(readDocument()).flatMap((route) => (absenceOf(route) === undefined ? [] : [route.name]));

/** For a request of a route that is `not-found`, e.g. `load-balancer 5f0e4cf4-... not found`. */
export function absent({ path: pattern }: OtherRoute, path: string): ApiError {
  const parts = pattern.split("/");
  const at = parts.findIndex((part) => part.startsWith("{"));
  return notFound(`${parts.slice(1, at).join("/")} ${path.split("/")[at]!} not found`);
}
