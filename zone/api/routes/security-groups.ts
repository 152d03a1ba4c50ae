import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";

import type { InstanceRecord, SecurityGroupRecord } from "../../records.ts";
import type { Rule } from "../../types.ts";
import { badRequest, conflict, notFound } from "../errors.ts";
import { applyNetwork, Plan, type Family, type Zone } from "../zone.ts";
import { findInstance, findSecurityGroup, refuseOverQuota, refuseTaken } from "./find.ts";

/** The group of instances that name none. Always there. */
export const DEFAULT_GROUP = "default";

/** Security groups and their rules. Operations on a rule refer to its group. */
export const securityGroups: Family = {
  handlers: {
    "list-security-groups": (zone, { query }) => ({
      // Public groups are Exoscale's own (of load balancers): there are none here.
      "security-groups": query.visibility === "public" ? [] : [...zone.state.securityGroups.values()].map((group) => view(zone, group)),
    }),

    "get-security-group": (zone, { params }) => view(zone, findSecurityGroup(zone, params.id!)),

    "create-security-group": (zone, { body }) => {
      const groups = zone.state.securityGroups;
      refuseTaken(groups.values(), body.name, "Security Group name is already in use");
      refuseOverQuota(zone, "security-group", groups.size);
      const record = { id: randomUUID(), name: body.name, description: body.description, rules: [] };
      return new Plan("create-security-group", reference(record), (change) => change.put("securityGroups", record));
    },

    "delete-security-group": (zone, { params }) => {
      const group = findSecurityGroup(zone, params.id!);
      if (group.name === DEFAULT_GROUP) throw conflict("The security group default is reserved");
      const peers = [...zone.state.securityGroups.values()].flatMap(({ rules }) => rules.map((rule) => rule.securityGroup));
      if (peers.includes(group.id)) {
        throw conflict("Cannot delete group when there are security rules that allow this group");
      }
      if ([...zone.state.instances.values()].some((instance) => instance.securityGroups.includes(group.id))) {
        throw conflict("Cannot delete group when it's in use by virtual machines");
      }
      return new Plan("delete-security-group", reference(group), (change) => change.delete("securityGroups", group.id));
    },

    "add-rule-to-security-group": (zone, { params, body }) => {
      const group = findSecurityGroup(zone, params.id!);
      const rule = ruleFrom(zone, body);
      const same = group.rules.some((other) => isDeepStrictEqual(what(other), what(rule)));
      if (same) throw conflict("The security group has this rule already");
      return planUpdate("add-rule-to-security-group", { ...group, rules: [...group.rules, rule] });
    },

    "delete-rule-from-security-group": (zone, { params }) => {
      const group = findSecurityGroup(zone, params.id!);
      const rules = group.rules.filter(({ id }) => id !== params["rule-id"]);
      if (rules.length === group.rules.length) throw notFound(`Security Group Rule ${params["rule-id"]} not found`);
      return planUpdate("delete-rule-from-security-group", { ...group, rules });
    },

    "attach-instance-to-security-group": (zone, { params, body }) => {
      const group = findSecurityGroup(zone, params.id!);
      const instance = findInstance(zone, body.instance.id);
      if (instance.securityGroups.includes(group.id)) throw conflict(`Instance ${instance.id} is attached already`);
      return planMembers("attach-instance-to-security-group", group, instance, [...instance.securityGroups, group.id]);
    },

    "detach-instance-from-security-group": (zone, { params, body }) => {
      const group = findSecurityGroup(zone, params.id!);
      const instance = findInstance(zone, body.instance.id);
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
    "attach-instance-to-security-group": applyNetwork,
    "detach-instance-from-security-group": applyNetwork,
  },
};

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
    if (!ipaddr.isValidCIDR(network)) throw badRequest(`Invalid network ${network}: give a CIDR like 192.0.2.0/24`);
    return { network };
  }
  if (group.id !== undefined) return { securityGroup: findSecurityGroup(zone, group.id).id };
  const named = [...zone.state.securityGroups.values()].find(({ name }) => name === group.name);
  if (named === undefined) throw notFound(`Security Group ${group.name} not found`);
  return { securityGroup: named.id };
}

function view(zone: Zone, { id, name, description, rules }: SecurityGroupRecord): object {
  return { id, name, description, rules: rules.length === 0 ? undefined : rules.map((rule) => viewRule(zone, rule)) };
}

function viewRule(zone: Zone, rule: Rule): object {
  const peer = rule.securityGroup === undefined ? undefined : zone.state.securityGroups.get(rule.securityGroup);
  return {
    id: rule.id,
    "flow-direction": rule.direction,
    protocol: rule.protocol,
    description: rule.description,
    "start-port": rule.startPort,
    "end-port": rule.endPort,
    icmp: rule.icmp,
    network: rule.network,
    "security-group": peer && { id: peer.id, name: peer.name, visibility: "private" },
  };
}
