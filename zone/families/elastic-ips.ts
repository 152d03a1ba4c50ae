import { randomUUID } from "node:crypto";

import { badRequest, conflict, notImplemented } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { Resource } from "../api/resource.ts";
import { applyNetwork, mutation, query, type PreparedChange } from "../api/route.ts";
import type { Schema } from "../api/schema.ts";
import type { ElasticIp, HealthCheck } from "../types.ts";
import { findAttachable, findLiving, instancesBy, type InstanceRecord } from "./instances/record.ts";

declare module "../records.ts" {
  interface Records {
    elasticIps: ElasticIp;
  }
}

export const elasticIpRecords = new Resource("elasticIps", "elastic-ip", "Elastic IP");

export interface ElasticIpStatus {
  readonly id: string;
  readonly address: string;
  readonly description?: string;
  /** e.g. `https:6443/readyz`; a plain elastic IP has none. */
  readonly healthcheck?: string;
  /** Names of instances. */
  readonly holders: readonly string[];
}

/** Elastic IPs: *managed* with a health check, plain without. */
export const elasticIps: Family<"elasticIps", ElasticIpStatus> = {
  tags: ["elastic-ip"],
  table: "elasticIps",
  type: "elastic-ip",
  quota: 5, // Exoscale's limit of a new organization
  label: ({ address }) => address,
  routes: [
    query("list-elastic-ips", (zone) => ({ "elastic-ips": elasticIpRecords.all(zone).map(view) })),

    query("get-elastic-ip", (zone, { params }) => view(elasticIpRecords.find(zone, params.id))),

    mutation(
      "create-elastic-ip",
      (zone, { body }) => {
        if (body.addressfamily === "inet6") throw notImplemented("This zone has no IPv6: use addressfamily inet4");
        elasticIpRecords.refuseOverQuota(zone);
        const taken = new Set(elasticIpRecords.all(zone).map(({ address }) => address));
        return elasticIpRecords.put({
          id: randomUUID(),
          address: zone.addresses.elasticIp(taken),
          description: body.description,
          healthcheck: body.healthcheck && healthCheckFrom(body.healthcheck),
          labels: body.labels ?? {},
        });
      },
      { task: applyNetwork },
    ),

    mutation(
      "update-elastic-ip",
      (zone, { params, body }) => {
        const record = elasticIpRecords.find(zone, params.id);
        return elasticIpRecords.put({
          ...record,
          description: body.description ?? record.description,
          labels: body.labels ?? record.labels,
          healthcheck: body.healthcheck === undefined ? record.healthcheck : healthCheckFrom(body.healthcheck),
        });
      },
      { task: applyNetwork },
    ),

    mutation(
      "reset-elastic-ip-field",
      (zone, { params }) => elasticIpRecords.put({ ...elasticIpRecords.find(zone, params.id), description: undefined }),
      { task: applyNetwork },
    ),

    mutation(
      "delete-elastic-ip",
      (zone, { params }) => {
        const { id } = elasticIpRecords.find(zone, params.id);
        const held = [...zone.state.instances.values()].some((instance) => instance.elasticIps.includes(id));
        if (held) throw conflict("Allocated IP address can't be deleted");
        return elasticIpRecords.delete(id);
      },
      { task: applyNetwork },
    ),

    mutation(
      "attach-instance-to-elastic-ip",
      (zone, { params, body }) => {
        const { id } = elasticIpRecords.find(zone, params.id);
        const instance = findAttachable(zone, body.instance.id);
        if (instance.elasticIps.includes(id)) throw conflict(`Instance ${instance.id} is attached already`);
        return putHolder(id, instance, [...instance.elasticIps, id]);
      },
      { task: applyNetwork },
    ),

    mutation(
      "detach-instance-from-elastic-ip",
      (zone, { params, body }) => {
        const { id } = elasticIpRecords.find(zone, params.id);
        const instance = findLiving(zone, body.instance.id);
        if (!instance.elasticIps.includes(id)) throw conflict(`Instance ${instance.id} is not attached`);
        const rest = instance.elasticIps.filter((held) => held !== id);
        return putHolder(id, instance, rest);
      },
      { task: applyNetwork },
    ),
  ],
  status: {
    of: (zone) => {
      const holders = instancesBy(zone, (instance) => instance.elasticIps);
      return elasticIpRecords.all(zone).map(({ id, address, description, healthcheck }) => ({
        id,
        address,
        description,
        healthcheck: healthcheck && probeOf(healthcheck),
        holders: (holders.get(id) ?? []).map(({ name }) => name),
      }));
    },
    columns: ["ELASTIC IP", "HEALTH CHECK", "HOLDERS", "DESCRIPTION", "ID"],
    row: ({ id, address, description, healthcheck, holders }) => [
      address,
      healthcheck ?? "-",
      holders.join(",") || "-",
      description ?? "-",
      id,
    ],
  },
  page: (zone) => {
    const holders = instancesBy(zone, (instance) => instance.elasticIps);
    return elasticIpRecords.all(zone).map(({ id, address, description, healthcheck }) => ({
      id,
      address,
      description,
      healthcheck: healthcheck && describe(healthcheck),
      holders: (holders.get(id) ?? []).map((holder) => ({
        id: holder.id,
        name: holder.name,
        state: holder.state,
        healthy:
          healthcheck === undefined || holder.state !== "running" ? undefined : zone.network.isHealthy(id, holder.id),
      })),
    }));
  },
};

const putHolder = (id: string, instance: InstanceRecord, elasticIps: readonly string[]): PreparedChange => ({
  reference: elasticIpRecords.reference(id),
  change: (change) => change.put("instances", { ...instance, elasticIps }),
});

const probeOf = ({ mode, port, uri = "" }: HealthCheck): string => `${mode}:${port}${uri}`;

/** A health check for the page. */
const describe = (check: HealthCheck): object => ({
  probe: probeOf(check),
  interval: check.interval,
  timeout: check.timeout,
  strikesOk: check.strikesOk,
  strikesFail: check.strikesFail,
});

/** Defaults are the document's. @throws ApiError 400 */
function healthCheckFrom(body: Schema<"elastic-ip-healthcheck">): HealthCheck {
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

const view = ({ id, address, description, healthcheck: check, labels }: ElasticIp): Schema<"elastic-ip"> => ({
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
});
