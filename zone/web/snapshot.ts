import { findPublicGroup } from "../api/routes/public-groups.ts";
import type { Zone } from "../api/zone.ts";
import type { InstanceRecord, OperationRecord } from "../records.ts";
import type { ElasticIp, HealthCheck, Rule } from "../types.ts";

/** Operations shown: this many of the newest, and all that are pending. */
const OPERATIONS_SHOWN = 100;

/** Whether a holder of a managed elastic IP passes its health check; undefined where nobody checks. */
export type Healthy = (elasticIp: string, instance: string) => boolean | undefined;

/** Everything the page shows, by section: a section is what is sent anew when something in it has changed. */
export type Snapshot = Readonly<Record<Section, unknown>>;
export type Section =
  "zone" | "instances" | "securityGroups" | "elasticIps" | "privateNetworks" | "templates" | "operations";

/**
 * The zone as the page shows it. Each field is named here one by one: user-data, passwords, keys and operations'
 * arguments are secret and stay out.
 */
export function snapshotOf(zone: Zone, healthy: Healthy = () => undefined): Snapshot {
  const { state } = zone;
  const members = membersOf(zone);
  return {
    zone: { name: zone.name, url: zone.url },
    instances: [...state.instances.values()].map((instance) => instanceIn(zone, instance)),
    securityGroups: [...state.securityGroups.values()].map(({ id, name, description, externalSources, rules }) => ({
      id,
      name,
      description,
      externalSources,
      members: members.get(id)?.length ?? 0,
      rules: rules.map((rule) => ruleIn(zone, rule)),
    })),
    elasticIps: [...state.elasticIps.values()].map((elasticIp) => ({
      id: elasticIp.id,
      address: elasticIp.address,
      description: elasticIp.description,
      healthcheck: elasticIp.healthcheck && describe(elasticIp.healthcheck),
      holders: (members.get(elasticIp.id) ?? []).map((holder) => holderIn(elasticIp, holder, healthy)),
    })),
    privateNetworks: [...state.privateNetworks.values()].map(({ id, name, description, range }) => ({
      id,
      name,
      description,
      range: range && `${range.start} to ${range.end}, netmask ${range.netmask}`,
      members: (members.get(id) ?? []).map((instance) => ({
        id: instance.id,
        name: instance.name,
        ip: instance.privateNetworks.find(({ network }) => network === id)?.ip,
      })),
    })),
    templates: [...state.templates.values()].map(({ id, name, description, size, imported, createdAt }) => ({
      id,
      name,
      description,
      size,
      imported,
      createdAt,
    })),
    operations: shown([...state.operations.values()].reverse()).map((operation) => ({
      id: operation.id,
      command: operation.command,
      state: operation.state,
      about: operation.reference && { ...operation.reference, name: nameOf(zone, operation) },
      reason: operation.reason,
      message: operation.message,
      createdAt: operation.createdAt,
    })),
  };
}

function instanceIn({ state }: Zone, instance: InstanceRecord): object {
  return {
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
  };
}

function ruleIn(
  { state }: Zone,
  { id, direction, protocol, startPort, endPort, icmp, network, securityGroup, description }: Rule,
): object {
  const known = securityGroup === undefined ? undefined : state.securityGroups.get(securityGroup);
  const ports = startPort === undefined || startPort === endPort ? startPort : `${startPort} to ${endPort}`;
  return {
    id,
    direction,
    protocol,
    description,
    what: icmp === undefined ? ports : `type ${icmp.type}, code ${icmp.code}`,
    network,
    group:
      securityGroup === undefined
        ? undefined
        : {
            name: known?.name ?? findPublicGroup(securityGroup)?.name ?? securityGroup,
            known: known !== undefined,
          },
  };
}

function holderIn(elasticIp: ElasticIp, { id, name, state }: InstanceRecord, healthy: Healthy): object {
  return {
    id,
    name,
    state,
    healthy: elasticIp.healthcheck === undefined || state !== "running" ? undefined : healthy(elasticIp.id, id),
  };
}

const describe = ({ mode, port, uri = "", interval, timeout, strikesOk, strikesFail }: HealthCheck): object => ({
  probe: `${mode}:${port}${uri}`,
  interval,
  timeout,
  strikesOk,
  strikesFail,
});

/** Instances by the id of each group, elastic IP and private network that they are in. */
function membersOf({ state }: Zone): Map<string, InstanceRecord[]> {
  const members = new Map<string, InstanceRecord[]>();
  for (const instance of state.instances.values()) {
    const { securityGroups, elasticIps, privateNetworks } = instance;
    for (const id of [...securityGroups, ...elasticIps, ...privateNetworks.map(({ network }) => network)]) {
      const list = members.get(id);
      if (list === undefined) members.set(id, [instance]);
      else list.push(instance);
    }
  }
  return members;
}

const shown = (newestFirst: readonly OperationRecord[]): OperationRecord[] =>
  newestFirst.filter(({ state }, index) => index < OPERATIONS_SHOWN || state === "pending");

/** The name of what an operation is about, while it is there. */
function nameOf({ state }: Zone, { reference }: OperationRecord): string | undefined {
  const id = reference?.id ?? "";
  switch (reference?.type) {
    case "instance":
      return state.instances.get(id)?.name;
    case "security-group":
      return state.securityGroups.get(id)?.name;
    case "elastic-ip":
      return state.elasticIps.get(id)?.address;
    case "private-network":
      return state.privateNetworks.get(id)?.name;
    case "template":
      return state.templates.get(id)?.name;
    case "anti-affinity-group":
      return state.antiAffinityGroups.get(id)?.name;
    default:
      return undefined;
  }
}
