import pLimit from "p-limit";

import type { Api, ElasticIp, Instance, Protocol, SecurityGroup, SecurityGroupRule } from "./api.ts";
import { ensure, remove, whileBusy } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { Incomplete, mayHaveHappened, messageOf, Refused } from "./errors.ts";
import { getInstance, isLeaving } from "./instance-actions.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";

/** Allows traffic of one protocol from a peer, or to it for egress. */
export interface Rule {
  readonly direction: "ingress" | "egress";
  readonly protocol: Protocol;
  /** First port; tcp and udp only. */
  readonly startPort?: number;
  /** Last port. */
  readonly endPort?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** The peer as a CIDR, or ... */
  readonly network?: string;
  /** ... as a security group's id. */
  readonly securityGroup?: string;
  /** Why the rule exists. */
  readonly description: string;
}

/** All rules of a security group. Any other rule is removed, and any external source: both were added by hand. */
export interface SecurityGroupRulesInputs {
  readonly api: Api;
  /** The group's id. */
  readonly securityGroup: string;
  readonly rules: readonly Rule[];
}

export interface SecurityGroupRulesOutputs extends SecurityGroupRulesInputs {
  /** CIDRs that a refresh found to count as members of the group. @default none */
  readonly externalSources?: readonly string[];
}

/** How many rules of one group are added or removed at the same time. */
const parallel = 4;

export const securityGroupRules: ResourceProvider<SecurityGroupRulesInputs, SecurityGroupRulesOutputs> = {
  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["securityGroup"]);
    const rules = changed({ rules: keys(olds.rules) }, { rules: keys(news.rules) }, ["rules"]);
    const updates = [...rules, ...changed(olds, news, ["api"]), ...(olds.externalSources ?? [])];
    return { changes: [...replaces, ...updates].length > 0, replaces };
  },

  async create(inputs) {
    try {
      await reconcile(connect(inputs.api), inputs.securityGroup, inputs.rules);
    } catch (error) {
      // Some rules may exist, and keep a group that they name from being deleted.
      throw new Incomplete(inputs.securityGroup, messageOf(error));
    }
    return { id: inputs.securityGroup, outs: inputs };
  },

  async read(id, olds) {
    const group = await orGone(connect(olds.api).get<SecurityGroup>(`/security-group/${id}`));
    if (!group) return undefined;
    const actual = new Map((group.rules ?? []).map((rule) => [key(fromApi(rule)), fromApi(rule)]));
    // In their known order, so that a diff shows only what changed.
    const known = olds.rules.filter((rule) => actual.delete(key(rule)));
    const { externalSources: _before, ...rest } = olds;
    const externalSources = group["external-sources"] ?? [];
    const outs = {
      ...rest,
      rules: [...known, ...actual.values()],
      ...(externalSources.length > 0 && { externalSources }),
    };
    return { outs, inputs: outs };
  },

  async update(id, _olds, news) {
    await reconcile(connect(news.api), id, news.rules);
    return news;
  },

  delete: (id, { api }) => dropRules(connect(api), id),
};

/**
 * Removes all rules of a group that no instance is in. The group may be gone.
 *
 * @throws Refused while an instance is in it, whose traffic would end
 */
export async function dropRules(client: Client, id: string): Promise<void> {
  const group = await orGone(client.get<SecurityGroup>(`/security-group/${id}`));
  if (!group) return;
  const members = await membersOf(client, id);
  if (members.length > 0) {
    throw new Refused(
      `Security group ${group.name} keeps its rules: ${members.map(({ name }) => name).join(", ")} would lose all traffic. Delete these instances first, or take them out of the group.`,
    );
  }
  await reconcile(client, id, []);
}

/**
 * Refuses to remove rules through which a managed elastic IP may reach its holders in the group: where its health checks come
 * from is not known, and without them it leads nowhere.
 *
 * @throws Refused naming the elastic IP
 */
async function keepHealthChecks(client: Client, group: SecurityGroup, rules: readonly Rule[]): Promise<void> {
  const open = rules.filter(({ direction, network }) => direction === "ingress" && network !== undefined);
  if (open.length === 0) return;
  const admits = ({ startPort = 1, endPort = 0 }: Rule, port: number) => startPort <= port && port <= endPort;
  const checks = (await client.list<ElasticIp>("/elastic-ip", "elastic-ips")).flatMap((elasticIp) => {
    const { port } = elasticIp.healthcheck ?? { port: 0 };
    const lost = open.filter((rule) => admits(rule, port));
    return lost.length > 0 ? [{ ...elasticIp, port, lost }] : [];
  });
  if (checks.length === 0) return;
  // The list does not say which elastic IPs they hold.
  const members = await Promise.all(
    (await membersOf(client, group.id)).map(({ id }) => orGone(getInstance(client, id))),
  );
  for (const { id, description, port, lost } of checks) {
    const holders = members.filter((each) => each?.["elastic-ips"]?.some((held) => held.id === id));
    if (holders.length === 0) continue;
    throw new Refused(
      `Security group ${group.name} was not changed: elastic IP ${description} asks ${holders.map((each) => each!.name).join(", ")} at port ${port} whether they are healthy, and perhaps by way of ${lost.map(({ network }) => network).join(", ")}, which would be closed. Run \`pulumi up\` with the former sources first: it moves the health check to a port of its own.`,
    );
  }
}

/** The instances in a group, without those that are being deleted. */
const membersOf = async (client: Client, id: string): Promise<Instance[]> =>
  (await client.list<Instance>("/instance", "instances")).filter(
    (each) => !isLeaving(each) && each["security-groups"]?.some((membership) => membership.id === id),
  );

/** Adds the missing rules, then removes the others and all external sources. */
async function reconcile(client: Client, id: string, wanted: readonly Rule[]): Promise<void> {
  const group = await client.get<SecurityGroup>(`/security-group/${id}`);
  const surplus = new Map((group.rules ?? []).map((rule) => [rule.id, fromApi(rule)]));
  const missing = new Map(wanted.map((rule) => [key(rule), rule]));
  for (const [ruleId, rule] of surplus) if (missing.delete(key(rule))) surplus.delete(ruleId);

  const openings = new Set(wanted.map(opening));
  await keepHealthChecks(
    client,
    group,
    [...surplus.values()].filter((rule) => !openings.has(opening(rule))),
  );

  const limit = pLimit(parallel);
  const drop = (ruleId: string) =>
    remove(client, `/security-group/${id}/rules/${ruleId}`, `a rule of security group ${group.name}`);
  await all(
    [...missing.values()].map((rule) =>
      limit(async () => {
        // The API may refuse a second rule that differs in its description only.
        const twin = [...surplus].find(([, other]) => opening(other) === opening(rule));
        if (twin) {
          surplus.delete(twin[0]);
          await drop(twin[0]);
        }
        await add(client, group, rule);
      }),
    ),
  );
  await all([...surplus.keys()].map((ruleId) => limit(() => drop(ruleId))));
  // One after the other: each changes the group's one list.
  for (const cidr of group["external-sources"] ?? []) await dropSource(client, group, cidr);
}

async function dropSource(client: Client, { id, name }: SecurityGroup, cidr: string): Promise<void> {
  const what = `the external source ${cidr} of security group ${name} to be removed`;
  await whileBusy(what, () =>
    ensure(
      async () => !(await client.get<SecurityGroup>(`/security-group/${id}`))["external-sources"]?.includes(cidr),
      async () => client.wait(await client.put(`/security-group/${id}:remove-source`, { cidr }), { what }),
    ),
  );
}

async function add(client: Client, group: SecurityGroup, rule: Rule): Promise<void> {
  const what = `the rule "${rule.description}" of security group ${group.name} to be added`;
  await whileBusy(what, async () => {
    for (let lost = 0; ;) {
      try {
        return await client.wait(await client.post(`/security-group/${group.id}/rules`, toApi(rule)), { what });
      } catch (error) {
        // The answer may be lost and the rule exist.
        const { rules } = await client.get<SecurityGroup>(`/security-group/${group.id}`);
        if (rules?.some((each) => key(fromApi(each)) === key(rule))) return;
        if (!mayHaveHappened(error) || ++lost >= 5) throw error;
      }
    }
  });
}

/** Waits for all before it throws the first failure, so that nothing goes on in the background. */
async function all(work: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
}

/** What a rule allows, as a comparable text. */
function opening(rule: Rule): string {
  const { direction, protocol, startPort, endPort, icmp, network, securityGroup } = rule;
  return JSON.stringify([
    direction,
    protocol,
    startPort ?? 0,
    endPort ?? 0,
    icmp?.type ?? -1,
    icmp?.code ?? -1,
    network ?? "",
    securityGroup ?? "",
  ]);
}

/** Two rules with the same key are the same. */
function key(rule: Rule): string {
  return JSON.stringify([opening(rule), rule.description]);
}

function keys(rules: unknown): unknown {
  // In a preview, rules that are not known yet are a string.
  return Array.isArray(rules) ? rules.map(key) : rules;
}

function fromApi(rule: SecurityGroupRule): Rule {
  return {
    direction: rule["flow-direction"],
    protocol: rule.protocol,
    ...(rule["start-port"] !== undefined && { startPort: rule["start-port"] }),
    ...(rule["end-port"] !== undefined && { endPort: rule["end-port"] }),
    ...(rule.icmp && { icmp: { type: rule.icmp.type, code: rule.icmp.code } }),
    ...(rule.network !== undefined && { network: rule.network }),
    ...(rule["security-group"] && { securityGroup: rule["security-group"].id }),
    description: rule.description ?? "",
  };
}

function toApi(rule: Rule): object {
  return {
    "flow-direction": rule.direction,
    protocol: rule.protocol,
    "start-port": rule.startPort,
    "end-port": rule.endPort,
    icmp: rule.icmp,
    network: rule.network,
    "security-group": rule.securityGroup === undefined ? undefined : { id: rule.securityGroup },
    description: rule.description,
  };
}
