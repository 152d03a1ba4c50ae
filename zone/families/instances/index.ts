import { badRequest, notImplemented } from "../../api/errors.ts";
import type { Family } from "../../api/family.ts";
import { applyNetwork, mutation, query } from "../../api/route.ts";
import type { Zone } from "../../api/zone.ts";
import { authorizedType, refuseLargerDisk, typeByName } from "../instance-types.ts";
import { checkUserData, createInstance } from "./create.ts";
import { passwordRoutes } from "./passwords.ts";
import { powerRoutes } from "./power.ts";
import { findLiving, instanceRecords, type InstanceRecord } from "./record.ts";
import { followMachine, inState, restart } from "./transitions.ts";
import { hasAddress, matchesLabels, viewInstance, viewListed } from "./view.ts";

export interface InstanceStatus {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly type: string;
  readonly address: string | null;
  /** Names. */
  readonly securityGroups: readonly string[];
  /** Addresses. */
  readonly elasticIps: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

/** Instances: reading and changing them here, creating in create.ts, starting, stopping and deleting in power.ts. */
export const instances: Family<"instances", InstanceStatus> = {
  tags: ["instance"],
  table: "instances",
  // Instances of a version without private networks lack the list.
  upgrade: (record) => ({ privateNetworks: [], ...record }),
  type: "instance",
  quota: 5000,
  label: ({ name }) => name,
  routes: [
    query("list-instances", (zone, { query: filter }) => ({
      instances:
        filter["manager-id"] !== undefined || filter["manager-type"] !== undefined
          ? [] // there are no instance pools
          : instanceRecords
              .all(zone)
              .filter(({ labels }) => matchesLabels(labels, filter.labels))
              .filter((instance) => hasAddress(zone, instance, filter["ip-address"]))
              .map((instance) => viewListed(zone, instance)),
    })),

    query("get-instance", (zone, { params }) => viewInstance(zone, instanceRecords.find(zone, params.id))),

    createInstance,
    ...powerRoutes,
    ...passwordRoutes,

    mutation(
      "update-instance",
      (zone, { params, body }) => {
        const record = findLiving(zone, params.id);
        const assignment = body["public-ip-assignment"];
        if (assignment !== undefined && assignment !== record.publicIpAssignment) {
          throw notImplemented(
            "This zone does not change the public-ip-assignment of an instance: create another instance",
          );
        }
        if (body["user-data"] !== undefined) checkUserData(body["user-data"]);
        return instanceRecords.put({
          ...record,
          name: body.name ?? record.name,
          userData: body["user-data"] ?? record.userData,
          labels: body.labels === null ? {} : (body.labels ?? record.labels),
        });
      },
      { task: applyNetwork },
    ),

    mutation(
      "reset-instance-field",
      (zone, { params }) => instanceRecords.put({ ...findLiving(zone, params.id), labels: {} }),
      { task: applyNetwork },
    ),

    mutation(
      "scale-instance",
      (zone, { params, body }) => {
        const instance = inState(instanceRecords.find(zone, params.id), ["stopped"]);
        const type = authorizedType(zone, body["instance-type"].id);
        const { family, size, cpus, memory } = type;
        const [before] = instance.type.split(".");
        if (family !== before)
          throw badRequest(`An instance stays in its family: ${family}.${size} is not of family ${before}`);
        refuseLargerDisk(type, instance.diskSize);
        return instanceRecords.put({ ...instance, type: `${family}.${size}`, cpus, memory });
      },
      { task: applyNetwork },
    ),

    mutation(
      "resize-instance-disk",
      (zone, { params, body }) => {
        const instance = inState(instanceRecords.find(zone, params.id), ["stopped"]);
        const diskSize = body["disk-size"];
        if (diskSize <= instance.diskSize) {
          throw badRequest(`A disk can only grow: disk-size must be greater than ${instance.diskSize}`);
        }
        refuseLargerDisk(typeByName(instance.type)!, diskSize);
        return instanceRecords.put({ ...instance, diskSize });
      },
      { task: applyNetwork },
    ),

    mutation(
      "add-instance-protection",
      (zone, { params }) => instanceRecords.put({ ...findLiving(zone, params.id), protected: true }),
      { task: applyNetwork },
    ),

    mutation(
      "remove-instance-protection",
      (zone, { params }) => instanceRecords.put({ ...findLiving(zone, params.id), protected: false }),
      { task: applyNetwork },
    ),
  ],
  status: {
    of: (zone) => instanceRecords.all(zone).map((instance) => statusOf(zone, instance)),
    columns: ["NAME", "STATE", "TYPE", "ADDRESS", "ELASTIC IPS", "SECURITY GROUPS", "ID"],
    row: ({ id, name, state, type, address, elasticIps, securityGroups }) => [
      name,
      state,
      type,
      address ?? "-",
      elasticIps.join(",") || "-",
      securityGroups.join(",") || "-",
      id,
    ],
  },
  page: (zone) => instanceRecords.all(zone).map((instance) => describe(zone, instance)),
  restore: (zone) =>
    new Map(
      instanceRecords
        .all(zone)
        .flatMap(({ id, state }) => (state === "running" ? [[id, () => restart(zone, id)]] : [])),
    ),
  followMachine,
};

const statusOf = ({ state }: Zone, instance: InstanceRecord): InstanceStatus => ({
  id: instance.id,
  name: instance.name,
  state: instance.state,
  type: instance.type,
  address: instance.address,
  securityGroups: instance.securityGroups.flatMap((id) => state.securityGroups.get(id)?.name ?? []),
  elasticIps: instance.elasticIps.flatMap((id) => state.elasticIps.get(id)?.address ?? []),
  createdAt: instance.createdAt,
});

/** An instance for the page. */
const describe = ({ state }: Zone, instance: InstanceRecord): object => ({
  id: instance.id,
  name: instance.name,
  state: instance.state,
  type: instance.type,
  cpus: instance.cpus,
  memory: instance.memory,
  diskSize: instance.diskSize,
  address: instance.address,
  mac: instance.mac,
  protected: instance.protected,
  template: { id: instance.template, name: state.templates.get(instance.template)?.name },
  securityGroups: instance.securityGroups.map((id) => ({ id, name: state.securityGroups.get(id)?.name })),
  elasticIps: instance.elasticIps.map((id) => ({ id, address: state.elasticIps.get(id)?.address })),
  privateNetworks: instance.privateNetworks.map(({ network, ip }) => ({
    id: network,
    name: state.privateNetworks.get(network)?.name,
    ip,
  })),
  antiAffinityGroups: instance.antiAffinityGroups.map((id) => state.antiAffinityGroups.get(id)?.name ?? id),
  sshKeys: instance.sshKeys,
  labels: instance.labels,
  createdAt: instance.createdAt,
});
