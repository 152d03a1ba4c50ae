import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";

import type { InstanceRecord, SecurityGroupRecord } from "../../records.ts";
import type { Rule } from "../../types.ts";
import { badRequest, conflict, forbidden, notFound } from "../errors.ts";
import { applyNetwork, Plan, type Family, type Zone } from "../zone.ts";
import { findLiving, findSecurityGroup, refuseOverQuota, refuseTaken } from "./find.ts";
import { findPublicGroup, PUBLIC_GROUPS, viewPublicGroup } from "./public-groups.ts";

/** The group of instances that name none. Always there. */
export const DEFAULT_GROUP = "default";

/** Security groups and their rules. Operations on a rule refer to its group. */
export const securityGroups: Family = {
  handlers: {
    "list-security-groups": (zone, { query }) => ({
      "security-groups":
        query.visibility === "public"
          ? PUBLIC_GROUPS.map((group) => viewPublicGroup(zone, group))
          : [...zone.state.securityGroups.values()].map((group) => view(zone, group)),
    }),

    "get-security-group": (zone, { params }) => {
      const known = findPublicGroup(params.id);
      return known === undefined ? view(zone, findSecurityGroup(zone, params.id)) : viewPublicGroup(zone, known);
    },

    "create-security-group": (zone, { body }) => {
      const groups = zone.state.securityGroups;
      refuseTaken(groups.values(), body.name, "Security Group name is already in use");
      refuseOverQuota(zone, "security-group", groups.size);
      const record = { id: randomUUID(), name: body.name, description: body.description, rules: [] };
      return new Plan("create-security-group", reference(record), (change) => change.put("securityGroups", record));
    },

    "delete-security-group": (zone, { params }) => {
      const group = findOwnGroup(zone, params.id);
      if (group.name === DEFAULT_GROUP) throw conflict("The security group default is reserved");
      const peers = [...zone.state.securityGroups.values()].flatMap(({ rules }) =>
        rules.map((rule) => rule.securityGroup),
      );
      if (peers.includes(group.id)) {
        throw conflict("Cannot delete group when there are security rules that allow this group");
      }
      if ([...zone.state.instances.values()].some((instance) => instance.securityGroups.includes(group.id))) {
        throw conflict("Cannot delete group when it's in use by virtual machines");
      }
      return new Plan("delete-security-group", reference(group), (change) => change.delete("securityGroups", group.id));
    },

    "add-rule-to-security-group": (zone, { params, body }) => {
      const group = findOwnGroup(zone, params.id);
      const rule = ruleFrom(zone, body);
      const same = group.rules.some((other) => isDeepStrictEqual(what(other), what(rule)));
      if (same) throw conflict("The security group has this rule already");
      return planUpdate("add-rule-to-security-group", { ...group, rules: [...group.rules, rule] });
    },

    "delete-rule-from-security-group": (zone, { params }) => {
      const group = findOwnGroup(zone, params.id);
      const rules = group.rules.filter(({ id }) => id !== params["rule-id"]);
      if (rules.length === group.rules.length) throw notFound(`Security Group Rule ${params["rule-id"]} not found`);
      return planUpdate("delete-rule-from-security-group", { ...group, rules });
    },

    "add-external-source-to-security-group": (zone, { params, body }) => {
      const group = findOwnGroup(zone, params.id);
      const cidr = cidrFrom(body.cidr, "external source");
      const sources = group.externalSources ?? [];
      if (sources.includes(cidr)) throw conflict(`The security group has the external source ${cidr} already`);
      return planUpdate("add-external-source-to-security-group", { ...group, externalSources: [...sources, cidr] });
    },

    "remove-external-source-from-security-group": (zone, { params, body }) => {
      const group = findOwnGroup(zone, params.id);
      const sources = group.externalSources ?? [];
      if (!sources.includes(body.cidr)) throw notFound(`External source ${body.cidr} not found`);
      const externalSources = sources.filter((cidr) => cidr !== body.cidr);
      return planUpdate("remove-external-source-from-security-group", { ...group, externalSources });
    },

    "attach-instance-to-security-group": (zone, { params, body }) => {
      const group = findOwnGroup(zone, params.id);
      const instance = findLiving(zone, body.instance.id);
      if (instance.securityGroups.includes(group.id)) throw conflict(`Instance ${instance.id} is attached already`);
      return planMembers("attach-instance-to-security-group", group, instance, [...instance.securityGroups, group.id]);
    },

    "detach-instance-from-security-group": (zone, { params, body }) => {
      const group = findOwnGroup(zone, params.id);
      const instance = findLiving(zone, body.instance.id);
      if (!instance.securityGroups.includes(group.id)) throw conflict(`Instance ${instance.id} is not attached`);
      const rest = instance.securityGroups.filter((id) => id !== group.id);
      return planMembers("detach-instance-from-security-group", group, instance, rest);
    },
  },
  work: {
    "create-security-group": applyNetwork,
    "delete-security-group": applyNetwork,
    "add-rule-to-security-group": applyNetwork,
    "delete-rule-from-security-group": applyNetwork,
    "add-external-source-to-security-group": applyNetwork,
    "remove-external-source-from-security-group": applyNetwork,
    "attach-instance-to-security-group": applyNetwork,
    "detach-instance-from-security-group": applyNetwork,
  },
};

/** A group to change: Exoscale's public ones are not the organization's. */
function findOwnGroup(zone: Zone, id: string | undefined): SecurityGroupRecord {
  const known = findPublicGroup(id);
  if (known !== undefined) throw forbidden(`Security Group ${known.name} is public: it cannot be changed`);
  return findSecurityGroup(zone, id);
}

const reference = ({ id }: { readonly id: string }) => ({ type: "security-group", id });

const planUpdate = (command: string, group: SecurityGroupRecord): Plan =>
  new Plan(command, reference(group), (change) => change.put("securityGroups", group));

const planMembers = (command: string, group: SecurityGroupRecord, instance: InstanceRecord, groups: string[]): Plan =>
  new Plan(command, reference(group), (change) => change.put("instances", { ...instance, securityGroups: groups }));

/** What makes two rules the same: all but id and description. */
const what = ({ id: _id, description: _description, ...rest }: Rule): object => rest;

function ruleFrom(zone: Zone, body: any): Rule {
  const protocol: Rule["protocol"] = body.protocol;
  const rule: Rule = { id: randomUUID(), direction: body["flow-direction"], protocol, description: body.description };
  return { ...rule, ...portsFrom(body), ...icmpFrom(body), ...peerFrom(zone, body) };
}

function portsFrom(body: any): Pick<Rule, "startPort" | "endPort"> {
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

function icmpFrom(body: any): Pick<Rule, "icmp"> {
  if (body.protocol !== "icmp" && body.protocol !== "icmpv6") {
    if (body.icmp !== undefined) throw badRequest(`Protocol ${body.protocol} has no ICMP type`);
    return {};
  }
  return { icmp: { type: body.icmp?.type ?? -1, code: body.icmp?.code ?? -1 } };
}

function peerFrom(zone: Zone, body: any): Pick<Rule, "network" | "securityGroup"> {
  const { network, "security-group": group } = body;
  if ((network === undefined) === (group === undefined)) {
    throw badRequest("A rule needs either a network or a security-group as its peer");
  }
  if (network !== undefined) {
    return { network: cidrFrom(network, "network") };
  }
  if (group.id === undefined && group.name === undefined)
    throw badRequest("A rule's security-group needs an id or a name");
  // A name of one's own goes before Exoscale's, unless it says that it is public.
  const own =
    group.visibility === "public"
      ? undefined
      : [...zone.state.securityGroups.values()].find(({ id, name }) =>
          group.id === undefined ? name === group.name : id === group.id,
        );
  const peer = own ?? findPublicGroup(group.id ?? group.name);
  if (peer === undefined) throw notFound(`Security Group ${group.id ?? group.name} not found`);
  return { securityGroup: peer.id };
}

function cidrFrom(text: string, what: string): string {
  if (!ipaddr.isValidCIDR(text)) throw badRequest(`Invalid ${what} ${text}: give a CIDR like 192.0.2.0/24`);
  return text;
}

/** What is empty is left out, as in real answers. */
function view(zone: Zone, { id, name, description, rules, externalSources = [] }: SecurityGroupRecord): object {
  return {
    id,
    name,
    description,
    visibility: "private",
    rules: rules.length === 0 ? undefined : rules.map((rule) => viewRule(zone, rule)),
    "external-sources": externalSources.length === 0 ? undefined : externalSources,
  };
}

function viewRule(zone: Zone, rule: Rule): object {
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

function viewPeer(zone: Zone, id: string | undefined): object | undefined {
  const known = findPublicGroup(id);
  if (known !== undefined) return { id: known.id, name: known.name, visibility: "public" };
  const own = id === undefined ? undefined : zone.state.securityGroups.get(id);
  return own && { id: own.id, name: own.name };
}
