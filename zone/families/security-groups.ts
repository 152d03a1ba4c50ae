import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";

import { badRequest, conflict, forbidden, notFound } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { refuseTaken, Resource } from "../api/resource.ts";
import { applyNetwork, mutation, query, type PreparedChange } from "../api/route.ts";
import type { RequestBody, Schema } from "../api/schema.ts";
import type { Zone } from "../api/zone.ts";
import type { Rule, SecurityGroup } from "../types.ts";
import { findAttachable, findLiving, instancesBy, type InstanceRecord } from "./instances/record.ts";
import { namesOf, type NamedStatus } from "./named.ts";
import { findPublicGroup, PUBLIC_GROUPS, viewPublicGroup } from "./public-groups.ts";

declare module "../records.ts" {
  interface Records {
    securityGroups: SecurityGroup;
  }
}

/** The group of instances that name none. Always there. */
export const DEFAULT_GROUP = "default";

export const groupRecords = new Resource("securityGroups", "security-group", "Security Group");

/** Security groups and their rules. Operations on a rule refer to its group. */
export const securityGroups: Family<"securityGroups", NamedStatus> = {
  tags: ["security-group"],
  table: "securityGroups",
  type: "security-group",
  quota: 500,
  label: ({ name }) => name,
  routes: [
    query("list-security-groups", (zone, { query: { visibility } }) => ({
      "security-groups":
        visibility === "public"
          ? PUBLIC_GROUPS.map((group) => viewPublicGroup(zone, group))
          : groupRecords.all(zone).map((group) => view(zone, group)),
    })),

    query("get-security-group", (zone, { params }) => {
      const known = findPublicGroup(params.id);
      return known === undefined ? view(zone, groupRecords.find(zone, params.id)) : viewPublicGroup(zone, known);
    }),

    mutation(
      "create-security-group",
      (zone, { body }) => {
        refuseTaken(groupRecords.all(zone), body.name, "Security Group name is already in use");
        groupRecords.refuseOverQuota(zone);
        return groupRecords.put({ id: randomUUID(), name: body.name, description: body.description, rules: [] });
      },
      { task: applyNetwork },
    ),

    mutation(
      "delete-security-group",
      (zone, { params }) => {
        const { id, name } = findOwnGroup(zone, params.id);
        if (name === DEFAULT_GROUP) throw conflict("The security group default is reserved");
        if (groupRecords.all(zone).some(({ rules }) => rules.some((rule) => rule.securityGroup === id))) {
          throw conflict("Cannot delete group when there are security rules that allow this group");
        }
        if ([...zone.state.instances.values()].some((instance) => instance.securityGroups.includes(id))) {
          throw conflict("Cannot delete group when it's in use by virtual machines");
        }
        return groupRecords.delete(id);
      },
      { task: applyNetwork },
    ),

    mutation(
      "add-rule-to-security-group",
      (zone, { params, body }) => {
        const group = findOwnGroup(zone, params.id);
        const rule = ruleFrom(zone, body);
        const isSame = (other: Rule): boolean => isDeepStrictEqual(meaning(other), meaning(rule));
        if (group.rules.some(isSame)) throw conflict("The security group has this rule already");
        return groupRecords.put({ ...group, rules: [...group.rules, rule] });
      },
      { task: applyNetwork },
    ),

    mutation(
      "delete-rule-from-security-group",
      (zone, { params }) => {
        const group = findOwnGroup(zone, params.id);
        const rules = group.rules.filter(({ id }) => id !== params["rule-id"]);
        if (rules.length === group.rules.length) throw notFound(`Security Group Rule ${params["rule-id"]} not found`);
        return groupRecords.put({ ...group, rules });
      },
      { task: applyNetwork },
    ),

    mutation(
      "add-external-source-to-security-group",
      (zone, { params, body }) => {
        const group = findOwnGroup(zone, params.id);
        const cidr = cidrFrom(body.cidr, "external source");
        const sources = group.externalSources ?? [];
        if (sources.includes(cidr)) throw conflict(`The security group has the external source ${cidr} already`);
        return groupRecords.put({ ...group, externalSources: [...sources, cidr] });
      },
      { task: applyNetwork },
    ),

    mutation(
      "remove-external-source-from-security-group",
      (zone, { params, body }) => {
        const group = findOwnGroup(zone, params.id);
        const sources = group.externalSources ?? [];
        if (!sources.includes(body.cidr)) throw notFound(`External source ${body.cidr} not found`);
        return groupRecords.put({ ...group, externalSources: sources.filter((cidr) => cidr !== body.cidr) });
      },
      { task: applyNetwork },
    ),

    mutation(
      "attach-instance-to-security-group",
      (zone, { params, body }) => {
        const { id } = findOwnGroup(zone, params.id);
        const instance = findAttachable(zone, body.instance.id);
        if (instance.securityGroups.includes(id)) throw conflict(`Instance ${instance.id} is attached already`);
        return putMember(id, instance, [...instance.securityGroups, id]);
      },
      { task: applyNetwork },
    ),

    mutation(
      "detach-instance-from-security-group",
      (zone, { params, body }) => {
        const group = findOwnGroup(zone, params.id);
        const instance = findLiving(zone, body.instance.id);
        if (!instance.securityGroups.includes(group.id)) throw conflict(`Instance ${instance.id} is not attached`);
        const rest = instance.securityGroups.filter((id) => id !== group.id);
        return putMember(group.id, instance, rest);
      },
      { task: applyNetwork },
    ),
  ],
  status: { of: (zone) => namesOf(groupRecords.all(zone)) },
  page: (zone) => {
    const members = instancesBy(zone, (instance) => instance.securityGroups);
    return groupRecords.all(zone).map(({ id, name, description, externalSources, rules }) => ({
      id,
      name,
      description,
      externalSources,
      members: members.get(id)?.length ?? 0,
      rules: rules.map((rule) => describe(zone, rule)),
    }));
  },
  prepare: ({ state }) => {
    if ([...state.securityGroups.values()].some(({ name }) => name === DEFAULT_GROUP)) return;
    const group = { id: randomUUID(), name: DEFAULT_GROUP, description: "Default Security Group", rules: [] };
    state.write((change) => change.put("securityGroups", group));
  },
};

/** A group to change. @throws ApiError 404, or 403 for Exoscale's public ones */
function findOwnGroup(zone: Zone, id: string): SecurityGroup {
  const known = findPublicGroup(id);
  if (known !== undefined) throw forbidden(`Security Group ${known.name} is public: it cannot be changed`);
  return groupRecords.find(zone, id);
}

const putMember = (id: string, instance: InstanceRecord, groups: readonly string[]): PreparedChange => ({
  reference: groupRecords.reference(id),
  change: (change) => change.put("instances", { ...instance, securityGroups: groups }),
});

/** What makes two rules the same: everything but id and description. */
const meaning = ({ id: _id, description: _description, ...rest }: Rule): object => rest;

type RuleBody = RequestBody<"add-rule-to-security-group">;

function ruleFrom(zone: Zone, body: RuleBody): Rule {
  return {
    id: randomUUID(),
    direction: body["flow-direction"],
    protocol: body.protocol,
    description: body.description,
    ...portsFrom(body),
    ...icmpFrom(body),
    ...peerFrom(zone, body),
  };
}

function portsFrom(body: RuleBody): Pick<Rule, "startPort" | "endPort"> {
  const [startPort, endPort] = [body["start-port"], body["end-port"]];
  const hasPorts = body.protocol === "tcp" || body.protocol === "udp";
  if (!hasPorts) {
    if (startPort !== undefined || endPort !== undefined) throw badRequest(`Protocol ${body.protocol} has no ports`);
    return {};
  }
  if (startPort === undefined || endPort === undefined) {
    throw badRequest(`Protocol ${body.protocol} needs start-port and end-port`);
  }
  if (endPort < startPort) throw badRequest(`end-port ${endPort} is lower than start-port ${startPort}`);
  return { startPort, endPort };
}

function icmpFrom(body: RuleBody): Pick<Rule, "icmp"> {
  if (body.protocol !== "icmp" && body.protocol !== "icmpv6") {
    if (body.icmp !== undefined) throw badRequest(`Protocol ${body.protocol} has no ICMP type`);
    return {};
  }
  return { icmp: { type: body.icmp?.type ?? -1, code: body.icmp?.code ?? -1 } };
}

function peerFrom(zone: Zone, { network, "security-group": group }: RuleBody): Pick<Rule, "network" | "securityGroup"> {
  if ((network === undefined) === (group === undefined)) {
    throw badRequest("A rule needs either a network or a security-group as its peer");
  }
  if (network !== undefined) return { network: cidrFrom(network, "network") };
  const { id, name, visibility } = group!;
  if (id === undefined && name === undefined) throw badRequest("A rule's security-group needs an id or a name");
  // The organization's own group comes before Exoscale's of the same name, unless a public one is asked for.
  const own =
    visibility === "public"
      ? undefined
      : groupRecords.all(zone).find((each) => (id === undefined ? each.name === name : each.id === id));
  const peer = own ?? findPublicGroup(id ?? name);
  if (peer === undefined) throw notFound(`Security Group ${id ?? name} not found`);
  return { securityGroup: peer.id };
}

function cidrFrom(text: string, what: string): string {
  if (!ipaddr.isValidCIDR(text)) throw badRequest(`Invalid ${what} ${text}: give a CIDR like 192.0.2.0/24`);
  return text;
}

/** Empty lists are left out, as in real answers. */
function view(
  zone: Zone,
  { id, name, description, rules, externalSources = [] }: SecurityGroup,
): Schema<"security-group"> {
  return {
    id,
    name,
    description,
    visibility: "private",
    rules: rules.length === 0 ? undefined : rules.map((rule) => viewRule(zone, rule)),
    "external-sources": externalSources.length === 0 ? undefined : externalSources,
  };
}

function viewRule(zone: Zone, rule: Rule): Schema<"security-group-rule"> {
  return {
    id: rule.id,
    "flow-direction": rule.direction,
    protocol: rule.protocol,
    description: rule.description,
    "start-port": rule.startPort,
    "end-port": rule.endPort,
    icmp: rule.icmp,
    network: rule.network,
    "security-group": viewPeer(zone, rule.securityGroup),
  };
}

function viewPeer(zone: Zone, id: string | undefined): Schema<"security-group-rule">["security-group"] {
  if (id === undefined) return undefined;
  const known = findPublicGroup(id);
  if (known !== undefined) return { id: known.id, name: known.name, visibility: "public" };
  const own = zone.state.securityGroups.get(id);
  return own && { id: own.id, name: own.name };
}

/** A rule for the page. */
function describe(zone: Zone, { startPort, endPort, icmp, securityGroup, ...rule }: Rule): object {
  const ports = startPort === undefined || startPort === endPort ? startPort : `${startPort} to ${endPort}`;
  const own = securityGroup === undefined ? undefined : zone.state.securityGroups.get(securityGroup);
  return {
    id: rule.id,
    direction: rule.direction,
    protocol: rule.protocol,
    description: rule.description,
    what: icmp === undefined ? ports : `type ${icmp.type}, code ${icmp.code}`,
    network: rule.network,
    group: securityGroup && {
      name: own?.name ?? findPublicGroup(securityGroup)?.name ?? securityGroup,
      known: own !== undefined,
    },
  };
}
