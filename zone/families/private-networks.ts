import { createHash, randomInt, randomUUID } from "node:crypto";

import { badRequest, conflict } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { Resource } from "../api/resource.ts";
import { applyNetwork, mutation, query, type PreparedChange, type Task } from "../api/route.ts";
import type { Schema } from "../api/schema.ts";
import type { Zone } from "../api/zone.ts";
import type { AddressRange, Attachment, DhcpOptions, PrivateNetwork } from "../types.ts";
import { findLiving, instancesBy, type InstanceRecord } from "./instances/record.ts";
import { plug } from "./instances/transitions.ts";
import { isLeasable, nextFree, rangeFrom } from "./ranges.ts";

export interface PrivateNetworkRecord extends PrivateNetwork {
  /** VXLAN id: a number that tells networks apart, 1 to 2^24 - 1. */
  readonly vni: number;
}

declare module "../records.ts" {
  interface Records {
    privateNetworks: PrivateNetworkRecord;
  }
}

const networks = new Resource("privateNetworks", "private-network", "Private Network");

export interface PrivateNetworkStatus {
  readonly id: string;
  readonly name: string;
  /** e.g. `10.0.0.10-10.0.0.99`; an unmanaged network has none. */
  readonly range?: string;
  /** Instances by name, with the address leased to each. */
  readonly members: readonly { readonly instance: string; readonly ip?: string }[];
}

/** The network first, so that a lease exists when the guest asks for it. */
const plugMember: Task = async (zone, { args }) => {
  await zone.network.apply();
  await plug(zone, args.instance as string);
};

/** Private networks: managed ones lease addresses, unmanaged ones only connect. */
export const privateNetworks: Family<"privateNetworks", PrivateNetworkStatus> = {
  tags: ["private-network"],
  table: "privateNetworks",
  type: "private-network",
  quota: 100,
  label: ({ name }) => name,
  routes: [
    query("list-private-networks", (zone) => ({
      "private-networks": networks.all(zone).map((network) => view(zone, network)),
    })),

    query("get-private-network", (zone, { params }) => view(zone, networks.find(zone, params.id))),

    mutation(
      "create-private-network",
      (zone, { body }) => {
        networks.refuseOverQuota(zone);
        return networks.put({
          id: randomUUID(),
          name: body.name,
          description: body.description,
          range: rangeFrom(body["start-ip"], body["end-ip"], body.netmask),
          options: optionsFrom(body.options),
          labels: body.labels ?? {},
          vni: freeVni(zone),
        });
      },
      { task: applyNetwork },
    ),

    mutation(
      "update-private-network",
      (zone, { params, body }) => {
        const record = networks.find(zone, params.id);
        const { start, end, netmask } = record.range ?? {};
        const range = rangeFrom(body["start-ip"] ?? start, body["end-ip"] ?? end, body.netmask ?? netmask);
        const members = range === undefined ? [] : newlyLeased(zone, record, range);
        return {
          reference: networks.reference(record.id),
          change: (change) => {
            change.put("privateNetworks", {
              ...record,
              range,
              name: body.name ?? record.name,
              description: body.description ?? record.description,
              options: body.options === undefined ? record.options : optionsFrom(body.options),
              labels: body.labels ?? record.labels,
            });
            for (const member of members) change.put("instances", member);
          },
        };
      },
      { task: applyNetwork },
    ),

    mutation(
      "reset-private-network-field",
      (zone, { params }) => networks.put({ ...networks.find(zone, params.id), labels: {} }),
      { task: applyNetwork },
    ),

    mutation(
      "delete-private-network",
      (zone, { params }) => {
        const { id, name } = networks.find(zone, params.id);
        const [member] = membersOf(zone, id);
        if (member !== undefined) {
          throw conflict(
            `Cannot delete private network ${name} when it's in use by virtual machines: detach ${member.name} first`,
          );
        }
        return networks.delete(id);
      },
      { task: applyNetwork },
    ),

    mutation(
      "attach-instance-to-private-network",
      (zone, { params, body }) => {
        const network = networks.find(zone, params.id);
        const instance = findLiving(zone, body.instance.id);
        if (attachmentOf(instance, network.id) !== undefined)
          throw conflict(`Instance ${instance.id} is attached already`);
        const attachment: Attachment = {
          network: network.id,
          mac: macOf(instance.id, network.id),
          ip: leaseFor(zone, network, instance, body.ip),
        };
        return putMember(network.id, instance, [...instance.privateNetworks, attachment]);
      },
      { task: plugMember },
    ),

    mutation(
      "detach-instance-from-private-network",
      (zone, { params, body }) => {
        const { id } = networks.find(zone, params.id);
        const instance = findLiving(zone, body.instance.id);
        if (attachmentOf(instance, id) === undefined) throw conflict(`Instance ${instance.id} is not attached`);
        const rest = instance.privateNetworks.filter(({ network }) => network !== id);
        return putMember(id, instance, rest);
      },
      { task: plugMember },
    ),

    mutation(
      "update-private-network-instance-ip",
      (zone, { params, body }) => {
        const network = networks.find(zone, params.id);
        const instance = findLiving(zone, body.instance?.id);
        const attachment = attachmentOf(instance, network.id);
        if (attachment === undefined) throw conflict(`Instance ${instance.id} is not attached`);
        if (network.range === undefined)
          throw badRequest(`Private Network ${network.name} is not managed: it leases no addresses`);
        const ip = leaseFor(zone, network, instance, body.ip);
        const attachments = instance.privateNetworks.map((each) => (each === attachment ? { ...each, ip } : each));
        return putMember(network.id, instance, attachments);
      },
      { task: plugMember },
    ),
  ],
  status: {
    of: (zone) => {
      const members = membersByNetwork(zone);
      return networks.all(zone).map(({ id, name, range }) => ({
        id,
        name,
        range: range && `${range.start}-${range.end}`,
        members: (members.get(id) ?? []).map((member) => ({
          instance: member.name,
          ip: attachmentOf(member, id)?.ip,
        })),
      }));
    },
    columns: ["PRIVATE NETWORK", "RANGE", "MEMBERS", "ID"],
    row: ({ id, name, range, members }) => [
      name,
      range ?? "-",
      members.map(({ instance, ip }) => (ip === undefined ? instance : `${instance}=${ip}`)).join(",") || "-",
      id,
    ],
  },
  page: (zone) => {
    const members = membersByNetwork(zone);
    return networks.all(zone).map(({ id, name, description, range }) => ({
      id,
      name,
      description,
      range: range && `${range.start} to ${range.end}, netmask ${range.netmask}`,
      members: (members.get(id) ?? []).map((member) => ({
        id: member.id,
        name: member.name,
        ip: attachmentOf(member, id)?.ip,
      })),
    }));
  },
};

const putMember = (id: string, instance: InstanceRecord, attachments: readonly Attachment[]): PreparedChange => ({
  reference: networks.reference(id),
  change: (change) => change.put("instances", { ...instance, privateNetworks: attachments }),
  args: { instance: instance.id },
});

const membersByNetwork = (zone: Zone): ReadonlyMap<string, readonly InstanceRecord[]> =>
  instancesBy(zone, ({ privateNetworks }) => privateNetworks.map(({ network }) => network));

const membersOf = (zone: Zone, id: string): InstanceRecord[] =>
  [...zone.state.instances.values()].filter((instance) => attachmentOf(instance, id) !== undefined);

const attachmentOf = ({ privateNetworks }: InstanceRecord, id: string): Attachment | undefined =>
  privateNetworks.find(({ network }) => network === id);

/** Addresses of a network that its members hold, except those of `except`. */
const leasedIn = (zone: Zone, id: string, except?: InstanceRecord): Set<string> =>
  new Set(
    membersOf(zone, id)
      .filter((member) => member.id !== except?.id)
      .flatMap((member) => attachmentOf(member, id)!.ip ?? []),
  );

/** The wanted address, or the next free one of the range; undefined in an unmanaged network. */
function leaseFor(
  zone: Zone,
  { id, name, range }: PrivateNetworkRecord,
  instance: InstanceRecord,
  wanted?: string,
): string | undefined {
  if (range === undefined) {
    if (wanted !== undefined) throw badRequest(`Private Network ${name} is not managed: it leases no addresses`);
    return undefined;
  }
  const leased = leasedIn(zone, id, instance);
  if (wanted === undefined) return nextFree(range, leased);
  if (!isLeasable(range, wanted)) throw badRequest(`Address ${wanted} cannot be leased in Private Network ${name}`);
  if (leased.has(wanted)) throw conflict(`Address ${wanted} of Private Network ${name} is leased already`);
  return wanted;
}

/**
 * Members that get a lease because the network becomes managed; existing leases stay.
 *
 * @throws ApiError 409 if a lease would be outside the range's network
 */
function newlyLeased(zone: Zone, { id, name }: PrivateNetworkRecord, range: AddressRange): InstanceRecord[] {
  const leased = leasedIn(zone, id);
  for (const ip of leased) {
    if (!isLeasable(range, ip))
      throw conflict(`Address ${ip} of Private Network ${name} is leased, and would be outside of it`);
  }
  return membersOf(zone, id)
    .filter((member) => attachmentOf(member, id)!.ip === undefined)
    .map((member) => {
      const ip = nextFree(range, leased);
      leased.add(ip);
      return {
        ...member,
        privateNetworks: member.privateNetworks.map((each) => (each.network === id ? { ...each, ip } : each)),
      };
    });
}

/** Locally administered. An instance that returns to a network gets the same address again. */
const macOf = (instance: string, network: string): string =>
  `0a${createHash("sha256").update(`${instance} ${network}`).digest("hex").slice(0, 10).replace(/../g, ":$&")}`;

function freeVni(zone: Zone): number {
  const taken = new Set(networks.all(zone).map(({ vni }) => vni));
  for (;;) {
    const vni = randomInt(1, 2 ** 24);
    if (!taken.has(vni)) return vni;
  }
}

/** Clients send an empty object for no options. */
function optionsFrom(body: Schema<"private-network">["options"] = {}): DhcpOptions | undefined {
  const { routers, "dns-servers": dnsServers, "ntp-servers": ntpServers, "domain-search": domainSearch } = body;
  const options = { routers, dnsServers, ntpServers, domainSearch };
  if ((domainSearch ?? []).join(" ").length > 255)
    throw badRequest("Invalid request", ["options.domain-search has more than 255 characters"]);
  return Object.values(options).some((list) => list !== undefined) ? options : undefined;
}

/** Empty fields are left out, as in real answers. */
function view(
  zone: Zone,
  { id, name, description, range, options, labels, vni }: PrivateNetworkRecord,
): Schema<"private-network"> {
  const leases = membersOf(zone, id).flatMap((member) => {
    const { ip } = attachmentOf(member, id)!;
    return ip === undefined ? [] : { ip, "instance-id": member.id };
  });
  return {
    id,
    name,
    description,
    vni,
    "start-ip": range?.start,
    "end-ip": range?.end,
    netmask: range?.netmask,
    leases: leases.length === 0 ? undefined : leases,
    labels: Object.keys(labels).length === 0 ? undefined : labels,
    options: options && {
      routers: options.routers,
      "dns-servers": options.dnsServers,
      "ntp-servers": options.ntpServers,
      "domain-search": options.domainSearch,
    },
  };
}
