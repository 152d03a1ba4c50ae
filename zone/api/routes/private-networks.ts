import { createHash, randomInt, randomUUID } from "node:crypto";

import type { InstanceRecord, PrivateNetworkRecord } from "../../records.ts";
import type { AddressRange, Attachment, DhcpOptions } from "../../types.ts";
import { badRequest, conflict } from "../errors.ts";
import { isLeasable, nextFree, rangeFrom } from "../ranges.ts";
import { applyNetwork, Plan, type Family, type Work, type Zone } from "../zone.ts";
import { findLiving, findPrivateNetwork, refuseOverQuota } from "./find.ts";
import { plug } from "./instance-state.ts";

/** Private networks: managed ones lease addresses, unmanaged ones are a wire. */
export const privateNetworks: Family = {
  handlers: {
    "list-private-networks": (zone) => ({
      "private-networks": [...zone.state.privateNetworks.values()].map((network) => view(zone, network)),
    }),

    "get-private-network": (zone, { params }) => view(zone, findPrivateNetwork(zone, params.id)),

    "create-private-network": (zone, { body }) => {
      refuseOverQuota(zone, "private-network", zone.state.privateNetworks.size);
      const record: PrivateNetworkRecord = {
        id: randomUUID(),
        name: body.name,
        description: body.description,
        range: rangeFrom(body["start-ip"], body["end-ip"], body.netmask),
        options: optionsFrom(body.options),
        labels: body.labels ?? {},
        vni: freeVni(zone),
      };
      return planUpdate("create-private-network", record);
    },

    "update-private-network": (zone, { params, body }) => {
      const record = findPrivateNetwork(zone, params.id);
      const { start, end, netmask } = record.range ?? {};
      const range = rangeFrom(body["start-ip"] ?? start, body["end-ip"] ?? end, body.netmask ?? netmask);
      const leases = range === undefined ? [] : renewed(zone, record, range);
      return planUpdate(
        "update-private-network",
        {
          ...record,
          range,
          name: body.name ?? record.name,
          description: body.description ?? record.description,
          options: body.options === undefined ? record.options : optionsFrom(body.options),
          labels: body.labels ?? record.labels,
        },
        leases,
      );
    },

    "reset-private-network-field": (zone, { params }) =>
      planUpdate("reset-private-network-field", { ...findPrivateNetwork(zone, params.id), labels: {} }),

    "delete-private-network": (zone, { params }) => {
      const { id, name } = findPrivateNetwork(zone, params.id);
      const [member] = membersOf(zone, id);
      if (member !== undefined) {
        throw conflict(
          `Cannot delete private network ${name} when it's in use by virtual machines: detach ${member.name} first`,
        );
      }
      return new Plan("delete-private-network", reference(id), (change) => change.delete("privateNetworks", id));
    },

    "attach-instance-to-private-network": (zone, { params, body }) => {
      const network = findPrivateNetwork(zone, params.id);
      const instance = findLiving(zone, body.instance.id);
      if (attachmentOf(instance, network.id) !== undefined)
        throw conflict(`Instance ${instance.id} is attached already`);
      const attachment: Attachment = {
        network: network.id,
        mac: macOf(instance.id, network.id),
        ip: leaseFor(zone, network, instance, body.ip),
      };
      return planMember("attach-instance-to-private-network", network.id, instance, [
        ...instance.privateNetworks,
        attachment,
      ]);
    },

    "detach-instance-from-private-network": (zone, { params, body }) => {
      const { id } = findPrivateNetwork(zone, params.id);
      const instance = findLiving(zone, body.instance.id);
      if (attachmentOf(instance, id) === undefined) throw conflict(`Instance ${instance.id} is not attached`);
      const rest = instance.privateNetworks.filter(({ network }) => network !== id);
      return planMember("detach-instance-from-private-network", id, instance, rest);
    },

    "update-private-network-instance-ip": (zone, { params, body }) => {
      const network = findPrivateNetwork(zone, params.id);
      const instance = findLiving(zone, body.instance?.id);
      const attachment = attachmentOf(instance, network.id);
      if (attachment === undefined) throw conflict(`Instance ${instance.id} is not attached`);
      if (network.range === undefined)
        throw badRequest(`Private Network ${network.name} is not managed: it leases no addresses`);
      const ip = leaseFor(zone, network, instance, body.ip);
      return planMember(
        "update-private-network-instance-ip",
        network.id,
        instance,
        instance.privateNetworks.map((each) => (each === attachment ? { ...each, ip } : each)),
      );
    },
  },
  work: {
    "create-private-network": applyNetwork,
    "update-private-network": applyNetwork,
    "reset-private-network-field": applyNetwork,
    "delete-private-network": applyNetwork,
    "attach-instance-to-private-network": plugMember,
    "detach-instance-from-private-network": plugMember,
    "update-private-network-instance-ip": plugMember,
  },
};

const reference = (id: string) => ({ type: "private-network", id });

const planUpdate = (command: string, record: PrivateNetworkRecord, members: readonly InstanceRecord[] = []): Plan =>
  new Plan(command, reference(record.id), (change) => {
    change.put("privateNetworks", record);
    for (const member of members) change.put("instances", member);
  });

const planMember = (command: string, id: string, instance: InstanceRecord, privateNetworks: Attachment[]): Plan =>
  new Plan(command, reference(id), (change) => change.put("instances", { ...instance, privateNetworks }), {
    instance: instance.id,
  });

/** The network first, so that a lease is there when the guest asks for it. */
async function plugMember(...[zone, { args }]: Parameters<Work>): Promise<void> {
  await zone.network.apply();
  await plug(zone, args.instance as string);
}

const membersOf = (zone: Zone, id: string): InstanceRecord[] =>
  [...zone.state.instances.values()].filter((instance) => attachmentOf(instance, id) !== undefined);

const attachmentOf = ({ privateNetworks }: InstanceRecord, id: string): Attachment | undefined =>
  privateNetworks.find(({ network }) => network === id);

/** Addresses of a network that its members hold, but for `except`. */
const leasedIn = (zone: Zone, id: string, except?: InstanceRecord): Set<string> =>
  new Set(
    membersOf(zone, id)
      .filter((member) => member.id !== except?.id)
      .flatMap((member) => attachmentOf(member, id)!.ip ?? []),
  );

/** The address that an instance asks for, or the next free one of the range; nothing in an unmanaged network. */
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

/** The members of a network as its new range has them: leases stay, and those who had none get one. */
function renewed(zone: Zone, { id, name }: PrivateNetworkRecord, range: AddressRange): InstanceRecord[] {
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

/** Locally administered; an instance that comes back to a network has the interface it had. */
const macOf = (instance: string, network: string): string =>
  `0a${createHash("sha256").update(`${instance} ${network}`).digest("hex").slice(0, 10).replace(/../g, ":$&")}`;

function freeVni(zone: Zone): number {
  const taken = new Set([...zone.state.privateNetworks.values()].map(({ vni }) => vni));
  for (;;) {
    const vni = randomInt(1, 2 ** 24);
    if (!taken.has(vni)) return vni;
  }
}

/** Clients send an empty object for no options. */
function optionsFrom(body: any): DhcpOptions | undefined {
  const { routers, "dns-servers": dnsServers, "ntp-servers": ntpServers, "domain-search": domainSearch } = body ?? {};
  const options = { routers, dnsServers, ntpServers, domainSearch };
  if ((domainSearch ?? []).join(" ").length > 255)
    throw badRequest("Invalid request", ["options.domain-search has more than 255 characters"]);
  return Object.values(options).some((list) => list !== undefined) ? options : undefined;
}

/** What is empty is left out, as in real answers. */
function view(zone: Zone, { id, name, description, range, options, labels, vni }: PrivateNetworkRecord): object {
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
