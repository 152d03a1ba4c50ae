import { randomUUID } from "node:crypto";

import { macOf } from "../../addresses.ts";
import { badRequest, conflict, notFound, notImplemented } from "../../api/errors.ts";
import { mutation } from "../../api/route.ts";
import type { RequestBody } from "../../api/schema.ts";
import type { Zone } from "../../api/zone.ts";
import { antiAffinityRecords, membersOf } from "../anti-affinity-groups.ts";
import { authorizedType, refuseLargerDisk } from "../instance-types.ts";
import { DEFAULT_GROUP, groupRecords } from "../security-groups.ts";
import { keyRecords } from "../ssh-keys.ts";
import { templateRecords } from "../templates.ts";
import { passwordFor } from "./passwords.ts";
import { start } from "./power.ts";
import { instanceRecords, type InstanceRecord } from "./record.ts";
import { current, settle, unlessDeleted } from "./transitions.ts";

/** Most instances of one anti-affinity group. */
const ANTI_AFFINITY_LIMIT = 8;

type Body = RequestBody<"create-instance">;

export const createInstance = mutation(
  "create-instance",
  (zone, { body }) => {
    const autoStart = body["auto-start"] !== false;
    return instanceRecords.put(recordFrom(zone, body, autoStart), { start: autoStart });
  },
  {
    bootsGuest: true,
    task: unlessDeleted(async (zone, { reference, args, bootless }) => {
      const id = reference!.id;
      try {
        const template = templateRecords.find(zone, current(zone, id).template);
        await zone.network.apply(); // addresses and rules are in force before the machine exists
        await zone.machines.create(current(zone, id), template);
        if (args.start) await start(zone, id, bootless);
      } catch (error) {
        settle(zone, id, ["starting", "stopped"], { state: "error" });
        throw error;
      }
    }),
  },
);

function recordFrom(zone: Zone, body: Body, autoStart: boolean): InstanceRecord {
  instanceRecords.refuseOverQuota(zone);
  refuseUnsupported(body);
  const type = authorizedType(zone, body["instance-type"].id);
  refuseLargerDisk(type, body["disk-size"]);
  const template = templateRecords.find(zone, body.template.id);
  if (!template.imported) throw conflict(`Template ${template.id} is not ready yet`);
  if (body["user-data"] !== undefined) checkUserData(body["user-data"]);
  const keyRefs = body["ssh-keys"] ?? (body["ssh-key"] === undefined ? [] : [body["ssh-key"]]);
  const keys = keyRefs.map(({ name }) => keyRecords.find(zone, name));
  const id = randomUUID();
  const publicIpAssignment = body["public-ip-assignment"] === "none" ? "none" : "inet4";
  const address = publicIpAssignment === "none" ? null : zone.addresses.instance(takenAddresses(zone));
  return {
    id,
    name: body.name ?? `VM-${id}`,
    address,
    mac: address === null ? "" : macOf(address),
    state: autoStart ? "starting" : "stopped",
    template: template.id,
    type: `${type.family}.${type.size}`,
    cpus: type.cpus,
    memory: type.memory,
    diskSize: body["disk-size"],
    userData: body["user-data"],
    sshKeys: keys.map((key) => key.id),
    publicKeys: keys.map((key) => key.publicKey),
    securityGroups: securityGroupIds(zone, body),
    elasticIps: [],
    antiAffinityGroups: antiAffinityGroupIds(zone, body),
    privateNetworks: [],
    labels: body.labels ?? {},
    createdAt: new Date().toISOString(),
    started: false,
    protected: false,
    publicIpAssignment,
    password: passwordFor(template),
  };
}

/** Refuses what Exoscale has and this zone lacks, rather than ignoring it. */
function refuseUnsupported(body: Body): void {
  if (body["public-ip-assignment"] === "dual" || body["ipv6-enabled"] === true) {
    throw notImplemented("This zone has no IPv6: use public-ip-assignment inet4");
  }
  for (const field of ["secureboot-enabled", "tpm-enabled", "application-consistent-snapshot-enabled"] as const) {
    if (body[field] === true) throw notImplemented(`This zone has no ${field}`);
  }
  if (body["deploy-target"] !== undefined) throw notFound(`Deploy Target ${body["deploy-target"].id} not found`);
}

/** @throws ApiError 400 */
export function checkUserData(text: string): void {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw badRequest("Invalid user-data: it must be base64");
  }
}

function securityGroupIds(zone: Zone, { "security-groups": refs = [] }: Body): string[] {
  if (refs.length > 0) return refs.map(({ id }) => groupRecords.find(zone, id).id);
  return groupRecords.all(zone).flatMap(({ id, name }) => (name === DEFAULT_GROUP ? [id] : []));
}

const antiAffinityGroupIds = (zone: Zone, { "anti-affinity-groups": refs = [] }: Body): string[] =>
  refs.map(({ id }) => {
    const group = antiAffinityRecords.find(zone, id);
    if (membersOf(zone, group.id).length >= ANTI_AFFINITY_LIMIT) {
      throw conflict(`Anti-affinity Group ${group.name} has ${ANTI_AFFINITY_LIMIT} instances, the most it can have`);
    }
    return group.id;
  });

const takenAddresses = (zone: Zone): Set<string> =>
  new Set(instanceRecords.all(zone).flatMap(({ address }) => address ?? []));
