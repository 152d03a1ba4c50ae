import { randomUUID } from "node:crypto";

import type { InstanceRecord } from "../../records.ts";
import { macOf } from "../../addresses.ts";
import { badRequest, conflict, notFound, notImplemented } from "../errors.ts";
import { applyNetwork, type Family, type Zone } from "../zone.ts";
import {
  authorizedType,
  findAntiAffinityGroup,
  findInstance,
  findLiving,
  findSecurityGroup,
  findTemplate,
  membersOf,
  refuseOverQuota,
} from "./find.ts";
import { actions, work } from "./instance-actions.ts";
import { passwordFor, passwords } from "./instance-passwords.ts";
import { instancePlan } from "./instance-state.ts";
import { hasAddress, matchesLabels, viewInstance, viewListed } from "./instance-view.ts";
import { DEFAULT_GROUP } from "./security-groups.ts";
import { findSshKey } from "./ssh-keys.ts";

/** Most instances of one anti-affinity group. */
const ANTI_AFFINITY_LIMIT = 8;

/** Instances: making, reading, changing. What turns them on and off stands in instance-actions.ts. */
export const instances: Family = {
  handlers: {
    ...actions,
    ...passwords,

    "list-instances": (zone, { query }) => ({
      instances:
        query["manager-id"] !== undefined || query["manager-type"] !== undefined
          ? [] // there are no instance pools
          : [...zone.state.instances.values()]
              .filter(({ labels }) => matchesLabels(labels, query.labels))
              .filter((instance) => hasAddress(zone, instance, query["ip-address"]))
              .map((instance) => viewListed(zone, instance)),
    }),

    "get-instance": (zone, { params }) => viewInstance(zone, findInstance(zone, params.id)),

    "create-instance": (zone, { body }) => {
      const autoStart = body["auto-start"] !== false;
      const record = recordFrom(zone, body, autoStart);
      return instancePlan("create-instance", record, { start: autoStart });
    },

    "update-instance": (zone, { params, body }) => {
      const record = findLiving(zone, params.id);
      const assignment = body["public-ip-assignment"];
      if (assignment !== undefined && assignment !== record.publicIpAssignment) {
        throw notImplemented("This zone does not change the public-ip-assignment of an instance: make a new one");
      }
      if (body["user-data"] !== undefined) checkUserData(body["user-data"]);
      return instancePlan("update-instance", {
        ...record,
        name: body.name ?? record.name,
        userData: body["user-data"] ?? record.userData,
        labels: body.labels === null ? {} : (body.labels ?? record.labels),
      });
    },

    "reset-instance-field": (zone, { params }) =>
      instancePlan("reset-instance-field", { ...findLiving(zone, params.id), labels: {} }),
  },
  work: { ...work, "update-instance": applyNetwork, "reset-instance-field": applyNetwork },
};

function recordFrom(zone: Zone, body: any, autoStart: boolean): InstanceRecord {
  refuseOverQuota(zone, "instance", zone.state.instances.size);
  refuseMissing(body);
  const type = authorizedType(body["instance-type"].id);
  const template = findTemplate(zone, body.template.id);
  if (!template.imported) throw conflict(`Template ${template.id} is not ready yet`);
  if (body["user-data"] !== undefined) checkUserData(body["user-data"]);
  const keys = sshKeyNames(body).map((name) => findSshKey(zone, name));
  const id = randomUUID();
  const publicIpAssignment = body["public-ip-assignment"] ?? "inet4";
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

/** What Exoscale has and this zone has not: said, rather than ignored. */
function refuseMissing(body: any): void {
  if (body["public-ip-assignment"] === "dual" || body["ipv6-enabled"] === true) {
    throw notImplemented("This zone has no IPv6: use public-ip-assignment inet4");
  }
  for (const field of ["secureboot-enabled", "tpm-enabled", "application-consistent-snapshot-enabled"]) {
    if (body[field] === true) throw notImplemented(`This zone has no ${field}`);
  }
  if (body["deploy-target"] !== undefined) throw notFound(`Deploy Target ${body["deploy-target"].id} not found`);
}

function checkUserData(text: string): void {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw badRequest("Invalid user-data: it must be base64");
  }
}

function sshKeyNames(body: any): string[] {
  const refs: { name: string }[] = body["ssh-keys"] ?? (body["ssh-key"] === undefined ? [] : [body["ssh-key"]]);
  return refs.map(({ name }) => name);
}

function securityGroupIds(zone: Zone, body: any): string[] {
  const refs: { id: string }[] = body["security-groups"] ?? [];
  if (refs.length > 0) return refs.map(({ id }) => findSecurityGroup(zone, id).id);
  return [...zone.state.securityGroups.values()].filter(({ name }) => name === DEFAULT_GROUP).map(({ id }) => id);
}

function antiAffinityGroupIds(zone: Zone, body: any): string[] {
  const refs: { id: string }[] = body["anti-affinity-groups"] ?? [];
  return refs.map(({ id }) => {
    const group = findAntiAffinityGroup(zone, id);
    if (membersOf(zone, group.id).length >= ANTI_AFFINITY_LIMIT) {
      throw conflict(`Anti-affinity Group ${group.name} has ${ANTI_AFFINITY_LIMIT} instances, the most it can have`);
    }
    return group.id;
  });
}

const takenAddresses = (zone: Zone): Set<string> =>
  new Set([...zone.state.instances.values()].flatMap(({ address }) => address ?? []));
