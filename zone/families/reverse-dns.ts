import { badRequest, conflict, notFound } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { applyNetwork, mutation, query } from "../api/route.ts";
import type { Schema } from "../api/schema.ts";
import { isHostName } from "../host-name.ts";
import { elasticIpRecords } from "./elastic-ips.ts";
import { findLiving, instanceRecords } from "./instances/record.ts";

/**
 * Reverse DNS: the name of an instance's public address, or of an elastic IP. It is in the record of its owner, so it ends
 * with it.
 */
export const reverseDns: Family = {
  tags: ["reverse-dns"],
  routes: [
    query("get-reverse-dns-instance", (zone, { params }) => view(named(instanceRecords.find(zone, params.id)))),

    mutation(
      "update-reverse-dns-instance",
      (zone, { params, body }) => {
        const instance = findLiving(zone, params.id);
        if (instance.address === null) throw conflict(`Instance ${instance.id} has no public IP address`);
        return instanceRecords.put({ ...instance, reverseDns: nameFrom(body["domain-name"]) });
      },
      { task: applyNetwork },
    ),

    mutation(
      "delete-reverse-dns-instance",
      (zone, { params }) => instanceRecords.put({ ...named(findLiving(zone, params.id)), reverseDns: undefined }),
      { task: applyNetwork },
    ),

    query("get-reverse-dns-elastic-ip", (zone, { params }) => view(named(elasticIpRecords.find(zone, params.id)))),

    mutation(
      "update-reverse-dns-elastic-ip",
      (zone, { params, body }) =>
        elasticIpRecords.put({
          ...elasticIpRecords.find(zone, params.id),
          reverseDns: nameFrom(body["domain-name"]),
        }),
      { task: applyNetwork },
    ),

    mutation(
      "delete-reverse-dns-elastic-ip",
      (zone, { params }) =>
        elasticIpRecords.put({ ...named(elasticIpRecords.find(zone, params.id)), reverseDns: undefined }),
      { task: applyNetwork },
    ),
  ],
};

type Named<Owner> = Owner & { readonly reverseDns: string };

/** @throws ApiError 404 if it has no name, which Exoscale's tools take for that */
function named<Owner extends { readonly id: string; readonly reverseDns?: string }>(owner: Owner): Named<Owner> {
  const { id, reverseDns: name } = owner;
  if (name === undefined) throw notFound(`Reverse DNS record of ${id} not found`);
  return { ...owner, reverseDns: name };
}

/**
 * The document bounds the name with the dot, with which Exoscale answers it.
 *
 * @throws ApiError 400
 */
function nameFrom(text = ""): string {
  const name = text.replace(/\.$/, "");
  if (name.length > 252 || !isHostName(name))
    throw badRequest("Invalid domain-name: it must be a host's, like www.example.com");
  return name;
}

const view = ({ reverseDns: name }: { readonly reverseDns: string }): Schema<"reverse-dns-record"> => ({
  "domain-name": `${name}.`,
});
