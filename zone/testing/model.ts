/** A simple model of a zone, independent of the zone's code: the resources that should exist after the calls so far. */
import { expect } from "vitest";

import type { Client, Json } from "./client.ts";

export interface ModelInstance {
  name: string;
  running: boolean;
  labels: Record<string, string>;
  userData?: string;
  disk: number;
  /** e.g. `small`. */
  size: string;
  readonly template: string;
  readonly keys: readonly string[];
  readonly groups: Set<string>;
  readonly antiAffinity: readonly string[];
  readonly elasticIps: Set<string>;
  /** Last byte of the address in each private network; undefined in one without a range. */
  readonly networks: Map<string, number | undefined>;
  protected: boolean;
  /** As the zone first reported it; it must not change. */
  readonly address: string | undefined;
}

export interface ModelNetwork {
  name: string;
  /** Last bytes of the first and the last address, in 10.0.0.0/24. */
  range?: readonly [number, number];
  labels: Record<string, string>;
}

export interface ModelGroup {
  readonly name: string;
  /** Ids of rules by `meaningOf`. */
  readonly rules: Map<string, string>;
  readonly sources: Set<string>;
}

export class Model {
  readonly templates = new Map<string, { name: string }>();
  readonly keys = new Set<string>();
  readonly groups = new Map<string, ModelGroup>();
  readonly antiAffinity = new Map<string, { readonly name: string }>();
  readonly elasticIps = new Map<string, { readonly address: string; description?: string; check?: object }>();
  readonly networks = new Map<string, ModelNetwork>();
  readonly instances = new Map<string, ModelInstance>();
  /** Names in reverse DNS, by the path of each one's owner, e.g. `instance/ID`. */
  readonly reverse = new Map<string, string>();
  /** Ids of deleted resources. */
  readonly gone: string[] = [];

  /** Ids of the instances that match. */
  instancesWith(matches: (instance: ModelInstance) => boolean): string[] {
    return [...this.instances].filter(([, instance]) => matches(instance)).map(([id]) => id);
  }

  /** Last bytes of the addresses leased in a network, except to the instance `except`. */
  leased(network: string, except?: string): number[] {
    return [...this.instances].flatMap(([id, { networks }]) => (id === except ? [] : (networks.get(network) ?? [])));
  }

  /** Lowest free last byte in a network's range; a lease of the instance `except` counts as free. undefined if full. */
  freeIn(network: string, except?: string): number | undefined {
    const [first, last] = this.networks.get(network)!.range!;
    const leased = this.leased(network, except);
    for (let n = first; n <= last; n++) if (!leased.includes(n)) return n;
    return undefined;
  }

  /** Compares the whole zone with the model. */
  async verify(client: Client): Promise<void> {
    const { templates } = await client.get("/template");
    expect(templates.map(({ id, name }: Json) => [id, name])).toEqual(
      [...this.templates].map(([id, { name }]) => [id, name]),
    );
    const { "ssh-keys": keys } = await client.get("/ssh-key");
    expect(keys.map((key: Json) => key.name)).toEqual([...this.keys]);
    const { "security-groups": groups } = await client.get("/security-group");
    expect(
      groups.map(({ id, name, rules = [], "external-sources": sources = [] }: Json) => ({
        id,
        name,
        rules: rules.map((rule: Json) => [meaningOf(rule), rule.id]),
        sources,
      })),
    ).toEqual(
      [...this.groups].map(([id, group]) => ({
        id,
        name: group.name,
        rules: [...group.rules],
        sources: [...group.sources],
      })),
    );
    const { "anti-affinity-groups": affinities } = await client.get("/anti-affinity-group");
    expect(affinities.map(({ id, name, instances }: Json) => [id, name, instances.map((one: Json) => one.id)])).toEqual(
      [...this.antiAffinity].map(([id, { name }]) => [
        id,
        name,
        this.instancesWith((one) => one.antiAffinity.includes(id)),
      ]),
    );
    const { "elastic-ips": ips } = await client.get("/elastic-ip");
    expect(
      ips.map(({ id, ip, description, healthcheck }: Json) => [
        id,
        ip,
        description,
        healthcheck && pick(healthcheck, ["mode", "port", "uri"]),
      ]),
    ).toEqual([...this.elasticIps].map(([id, { address, description, check }]) => [id, address, description, check]));
    const { "private-networks": networks } = await client.get("/private-network");
    expect(networks.map(viewNetwork)).toEqual(
      [...this.networks].map(([id, { name, range, labels }]) => ({
        id,
        name,
        range,
        labels,
        leases: this.instancesWith((one) => one.networks.get(id) !== undefined).map((one) => [
          one,
          this.instances.get(one)!.networks.get(id),
        ]),
      })),
    );
    const { instances } = await client.get("/instance");
    expect(instances.map((one: Json) => one.id)).toEqual([...this.instances.keys()]);
    for (const [id, instance] of this.instances)
      expect(viewInstance(await client.get(`/instance/${id}`)), id).toEqual(expected(instance));
    const owners = [
      ...[...this.instances.keys()].map((id) => `instance/${id}`),
      ...[...this.elasticIps.keys()].map((id) => `elastic-ip/${id}`),
    ];
    for (const path of owners) {
      const { body } = await client.call("GET", `/reverse-dns/${path}`);
      expect(body["domain-name"], path).toBe(this.reverse.get(path));
    }
    const addresses = [...this.instances.values()].flatMap(({ address }) => address ?? []);
    expect(new Set(addresses).size).toBe(addresses.length);
    const { quotas } = await client.get("/quota");
    expect(Object.fromEntries(quotas.map(({ resource, usage }: Json) => [resource, usage]))).toEqual({
      instance: this.instances.size,
      "elastic-ip": this.elasticIps.size,
      "security-group": this.groups.size,
      "ssh-key": this.keys.size,
      "anti-affinity-group": this.antiAffinity.size,
      template: this.templates.size,
      "private-network": this.networks.size,
    });
  }
}

/** Equal for rules that the API considers the same. */
export const meaningOf = (rule: Json): string =>
  JSON.stringify([
    rule["flow-direction"],
    rule.protocol,
    rule["start-port"],
    rule["end-port"],
    rule.icmp,
    rule.network,
    rule["security-group"]?.id,
  ]);

const pick = (from: Json, names: readonly string[]): object =>
  Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));

/** Last byte of an address. */
const numberOf = (address: string): number => Number(address.split(".")[3]);

const viewNetwork = ({ id, name, "start-ip": start, "end-ip": end, labels = {}, leases = [] }: Json): object => ({
  id,
  name,
  labels,
  range: start && [numberOf(start), numberOf(end)],
  leases: leases.map((lease: Json) => [lease["instance-id"], numberOf(lease.ip)]),
});

const viewInstance = (one: Json): object => ({
  name: one.name,
  state: one.state,
  labels: one.labels,
  userData: one["user-data"],
  disk: one["disk-size"],
  size: one["instance-type"].size,
  template: one.template.id,
  keys: one["ssh-keys"].map((key: Json) => key.name),
  groups: one["security-groups"].map((group: Json) => group.id),
  antiAffinity: one["anti-affinity-groups"].map((group: Json) => group.id),
  elasticIps: one["elastic-ips"].map((ip: Json) => ip.id),
  networks: one["private-networks"].map((network: Json) => network.id),
  address: one["public-ip"],
});

const expected = ({
  running,
  networks,
  groups,
  elasticIps,
  protected: _protected,
  ...rest
}: ModelInstance): object => ({
  ...rest,
  userData: rest.userData,
  state: running ? "running" : "stopped",
  groups: [...groups],
  elasticIps: [...elasticIps],
  networks: [...networks.keys()],
});
