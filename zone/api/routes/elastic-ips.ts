import { randomUUID } from "node:crypto";

import type { ElasticIpRecord, InstanceRecord } from "../../records.ts";
import type { HealthCheck } from "../../types.ts";
import { badRequest, conflict, notImplemented } from "../errors.ts";
import { applyNetwork, Plan, type Family, type Zone } from "../zone.ts";
import { findElasticIp, findLiving, refuseOverQuota } from "./find.ts";

/** Elastic IPs: *managed* with a health check, plain without. */
export const elasticIps: Family = {
  handlers: {
    "list-elastic-ips": (zone) => ({ "elastic-ips": [...zone.state.elasticIps.values()].map(view) }),

    "get-elastic-ip": (zone, { params }) => view(findElasticIp(zone, params.id)),

    "create-elastic-ip": (zone, { body }) => {
      if (body.addressfamily === "inet6") throw notImplemented("This zone has no IPv6: use addressfamily inet4");
      refuseOverQuota(zone, "elastic-ip", zone.state.elasticIps.size);
      const taken = new Set([...zone.state.elasticIps.values()].map(({ address }) => address));
      const record: ElasticIpRecord = {
        id: randomUUID(),
        address: zone.addresses.elasticIp(taken),
        description: body.description,
        healthcheck: healthCheckFrom(body.healthcheck),
        labels: body.labels ?? {},
        createdAt: new Date().toISOString(),
      };
      return planUpdate("create-elastic-ip", record);
    },

    "update-elastic-ip": (zone, { params, body }) => {
      const record = findElasticIp(zone, params.id);
      return planUpdate("update-elastic-ip", {
        ...record,
        description: body.description ?? record.description,
        labels: body.labels ?? record.labels,
        healthcheck: body.healthcheck === undefined ? record.healthcheck : healthCheckFrom(body.healthcheck),
      });
    },

    "reset-elastic-ip-field": (zone, { params }) =>
      planUpdate("reset-elastic-ip-field", { ...findElasticIp(zone, params.id), description: undefined }),

    "delete-elastic-ip": (zone, { params }) => {
      const { id } = findElasticIp(zone, params.id);
      if (holdersOf(zone, id).length > 0) throw conflict("Allocated IP address can't be deleted");
      return new Plan("delete-elastic-ip", reference(id), (change) => change.delete("elasticIps", id));
    },

    "attach-instance-to-elastic-ip": (zone, { params, body }) => {
      const { id } = findElasticIp(zone, params.id);
      const instance = findLiving(zone, body.instance.id);
      if (instance.elasticIps.includes(id)) throw conflict(`Instance ${instance.id} is attached already`);
      return planHolder("attach-instance-to-elastic-ip", id, instance, [...instance.elasticIps, id]);
    },

    "detach-instance-from-elastic-ip": (zone, { params, body }) => {
      const { id } = findElasticIp(zone, params.id);
      const instance = findLiving(zone, body.instance.id);
      if (!instance.elasticIps.includes(id)) throw conflict(`Instance ${instance.id} is not attached`);
      return planHolder(
        "detach-instance-from-elastic-ip",
        id,
        instance,
        instance.elasticIps.filter((held) => held !== id),
      );
    },
  },
  work: {
    "create-elastic-ip": applyNetwork,
    "update-elastic-ip": applyNetwork,
    "reset-elastic-ip-field": applyNetwork,
    "delete-elastic-ip": applyNetwork,
    "attach-instance-to-elastic-ip": applyNetwork,
    "detach-instance-from-elastic-ip": applyNetwork,
  },
};

const reference = (id: string) => ({ type: "elastic-ip", id });

const planUpdate = (command: string, record: ElasticIpRecord): Plan =>
  new Plan(command, reference(record.id), (change) => change.put("elasticIps", record));

const planHolder = (command: string, id: string, instance: InstanceRecord, elasticIps: string[]): Plan =>
  new Plan(command, reference(id), (change) => change.put("instances", { ...instance, elasticIps }));

const holdersOf = (zone: Zone, id: string): InstanceRecord[] =>
  [...zone.state.instances.values()].filter(({ elasticIps }) => elasticIps.includes(id));

/** Defaults as the document states them. */
function healthCheckFrom(body: any): HealthCheck | undefined {
  if (body === undefined) return undefined;
  const check: HealthCheck = {
    mode: body.mode,
    port: body.port,
    uri: body.uri,
    interval: body.interval ?? 10,
    timeout: body.timeout ?? 2,
    strikesOk: body["strikes-ok"] ?? 2,
    strikesFail: body["strikes-fail"] ?? 3,
    tlsSkipVerify: body["tls-skip-verify"],
    tlsSni: body["tls-sni"],
  };
  if (check.mode !== "tcp" && check.uri === undefined) {
    throw badRequest(`A healthcheck of mode ${check.mode} needs a uri, like /healthz`);
  }
  if (check.timeout >= check.interval) {
    throw badRequest(`The healthcheck's timeout ${check.timeout} must be shorter than its interval ${check.interval}`);
  }
  return check;
}

function view({ id, address, description, healthcheck: check, labels }: ElasticIpRecord): object {
  return {
    id,
    ip: address,
    addressfamily: "inet4",
    cidr: `${address}/32`,
    description,
    labels,
    healthcheck: check && {
      mode: check.mode,
      port: check.port,
      uri: check.uri,
      interval: check.interval,
      timeout: check.timeout,
      "strikes-ok": check.strikesOk,
      "strikes-fail": check.strikesFail,
      "tls-skip-verify": check.tlsSkipVerify,
      "tls-sni": check.tlsSni,
    },
  };
}
