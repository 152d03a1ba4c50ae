/** Inventories for tests. */
import type { ElasticIp, HealthCheck, Instance, PrivateNetwork, Rule, SecurityGroup, Inventory } from "../../types.ts";
import { instanceWith } from "../../testing/instance.ts";

export interface InventoryParts {
  readonly groups?: readonly SecurityGroup[];
  readonly instances?: readonly Instance[];
  readonly elasticIps?: readonly ElasticIp[];
  readonly privateNetworks?: readonly PrivateNetwork[];
}

/** An inventory that a test may change. */
export type TestInventory = {
  -readonly [K in keyof Inventory]: Inventory[K] extends ReadonlyMap<string, infer T> ? Map<string, T> : never;
};

export const inventoryOf = ({
  groups = [],
  instances = [],
  elasticIps = [],
  privateNetworks = [],
}: InventoryParts): TestInventory => ({
  securityGroups: new Map(groups.map((group) => [group.id, group])),
  instances: new Map(instances.map((instance) => [instance.id, instance])),
  elasticIps: new Map(elasticIps.map((elasticIp) => [elasticIp.id, elasticIp])),
  templates: new Map(),
  privateNetworks: new Map(privateNetworks.map((network) => [network.id, network])),
});

/** The instance number `n`. Its address is the n-th in `network`, the first three octets of a network. */
export function instance(n: number, fields: Partial<Instance> = {}, network = "198.18.1"): Instance {
  const [a = 0, b = 0, c = 0] = network.split(".").map(Number);
  const octets = [a, b, c + Math.floor(n / 250), n % 250];
  return instanceWith({
    id: `instance-${n}`,
    name: `instance-${n}`,
    address: octets.join("."),
    mac: ["06", "00", ...octets.map((octet) => octet.toString(16).padStart(2, "0"))].join(":"),
    state: "running",
    template: "template",
    type: "standard.small",
    memory: 2 ** 31,
    ...fields,
  });
}

export const group = (name: string, rules: Rule[], id = name): SecurityGroup => ({ id, name, rules });

let rules = 0;
export const rule = (fields: Partial<Rule>): Rule => ({
  id: `rule-${++rules}`,
  direction: "ingress",
  protocol: "tcp",
  ...fields,
});

export const elasticIp = (id: string, address: string, healthcheck?: HealthCheck): ElasticIp => ({
  id,
  address,
  labels: {},
  ...(healthcheck && { healthcheck }),
});

/** @param range first and last address and netmask, separated by blanks; without it the network is unmanaged */
export const privateNetwork = (id: string, range?: string): PrivateNetwork => {
  const [start = "", end = "", netmask = ""] = range?.split(" ") ?? [];
  return { id, name: id, labels: {}, ...(range !== undefined && { range: { start, end, netmask } }) };
};
