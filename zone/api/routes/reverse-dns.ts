import { notFound } from "../errors.ts";
import type { Family, Handler } from "../zone.ts";
import { findElasticIp, findInstance } from "./find.ts";

/**
 * Reverse DNS, which nobody has here: Exoscale's tools ask for it whenever they show or delete an instance or an
 * elastic IP, and take "not found" for an answer.
 */
export const reverseDns: Family = {
  handlers: {
    "get-reverse-dns-instance": none(findInstance),
    "delete-reverse-dns-instance": none(findInstance),
    "get-reverse-dns-elastic-ip": none(findElasticIp),
    "delete-reverse-dns-elastic-ip": none(findElasticIp),
  },
};

function none(find: typeof findInstance | typeof findElasticIp): Handler {
  return (zone, { params }) => {
    const { id } = find(zone, params.id);
    throw notFound(`Reverse DNS record of ${id} not found`);
  };
}
