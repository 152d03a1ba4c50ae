import type { ApiAnswer, Schema } from "../../api/schema.ts";
import type { Zone } from "../../api/zone.ts";
import { typeByName } from "../instance-types.ts";
import { viewTemplate } from "../templates.ts";
import { viewType } from "../zones.ts";
import type { InstanceRecord } from "./record.ts";

type Listed = NonNullable<ApiAnswer<"list-instances">["instances"]>[number];

/** An instance as `GET /instance/{id}` shows it: with every field that Exoscale's own tools read. */
export const viewInstance = (zone: Zone, instance: InstanceRecord): Schema<"instance"> => ({
  ...common(zone, instance),
  "disk-size": instance.diskSize,
  "disk-encrypted": false,
  "user-data": instance.userData,
  "security-groups": instance.securityGroups.map((id) => ({ id })),
  "elastic-ips": instance.elasticIps.map((id) => ({ id })),
  "anti-affinity-groups": instance.antiAffinityGroups.map((id) => ({ id })),
  snapshots: [],
  "tpm-enabled": false,
  "secureboot-enabled": false,
  "application-consistent-snapshot-enabled": false,
});

/** An instance in `GET /instance`, which leaves out user-data, disk size and elastic IPs. */
export const viewListed = (zone: Zone, instance: InstanceRecord): Listed => ({
  ...common(zone, instance),
  "security-groups": instance.securityGroups.map((id) => ({ id, name: zone.state.securityGroups.get(id)?.name })),
});

/**
 * Whether labels match the list's `labels` argument: terms separated by commas, each a name, or a name and a value with
 * `=` or `:` between them. The document says no more than that it is a string.
 */
export function matchesLabels(labels: Readonly<Record<string, string>>, wanted: string | undefined): boolean {
  const terms = (wanted ?? "").split(",").filter((term) => term !== "");
  return terms.every((term) => {
    const [, name, , value] = /^([^=:]*)([=:](.*))?$/.exec(term)!;
    return name! in labels && (value === undefined || labels[name!] === value);
  });
}

/** Whether an address is the instance's own, or an elastic IP that it holds: clients find an elastic IP's holders so. */
export const hasAddress = (zone: Zone, { address, elasticIps }: InstanceRecord, wanted: string | undefined): boolean =>
  wanted === undefined ||
  address === wanted ||
  elasticIps.some((id) => zone.state.elasticIps.get(id)?.address === wanted);

function common(zone: Zone, instance: InstanceRecord) {
  const template = zone.state.templates.get(instance.template);
  const type = typeByName(instance.type);
  const showsAddress = instance.started || zone.settings.address === "before-start";
  const keys = instance.sshKeys.map((name) => ({ name }));
  return {
    id: instance.id,
    name: instance.name,
    state: instance.state,
    "created-at": instance.createdAt,
    "instance-type": type && viewType(zone, type),
    template: template === undefined ? { id: instance.template } : viewTemplate(zone, template),
    "public-ip": showsAddress ? (instance.address ?? undefined) : undefined,
    "public-ip-assignment": instance.publicIpAssignment,
    "mac-address": instance.mac === "" ? undefined : instance.mac,
    labels: instance.labels,
    "ssh-key": keys[0],
    "ssh-keys": keys,
    "private-networks": instance.privateNetworks.map(({ network, mac }) => ({ id: network, "mac-address": mac })),
  };
}
