import pLimit from "p-limit";

import type { Api, Protocol, SecurityGroup, SecurityGroupRule } from "./api.ts";
import { remove, whileBusy } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { Incomplete, mayHaveHappened, messageOf } from "./errors.ts";
import { changed, orGone, type Kind } from "./resource-provider.ts";

/** One opening: protocol, ports and who may come (or, for egress, be gone to). */
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
  /** Why it is there. */
  readonly description: string;
}

/** All rules of a security group: what is not among them is removed, whoever added it. */
export interface SecurityGroupRulesInputs {
  readonly api: Api;
  /** The group's id. */
  readonly securityGroup: string;
  readonly rules: readonly Rule[];
}

type SecurityGroupRulesOutputs = SecurityGroupRulesInputs;

/** Rules of one group that are added or removed at the same time. */
const parallel = 4;

export const securityGroupRules: Kind<SecurityGroupRulesInputs, SecurityGroupRulesOutputs> = {
  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["securityGroup"]);
    const rules = changed({ rules: keys(olds.rules) }, { rules: keys(news.rules) }, ["rules"]);
    return { changes: [...replaces, ...rules, ...changed(olds, news, ["api"])].length > 0, replaces };
  },

  async create(inputs) {
    try {
      await bringAbout(connect(inputs.api), inputs.securityGroup, inputs.rules);
    } catch (error) {
      // Some rules may be there, and they may name another group, which could not be deleted before them.
      throw new Incomplete(inputs.securityGroup, messageOf(error));
    }
    return { id: inputs.securityGroup, outs: inputs };
  },

  async read(id, olds) {
    const group = await orGone(connect(olds.api).get<SecurityGroup>(`/security-group/${id}`));
    if (!group) return undefined;
    const actual = new Map((group.rules ?? []).map((rule) => [key(fromApi(rule)), fromApi(rule)]));
    // In the order they are known, so that only what changed shows.
    const known = olds.rules.filter((rule) => actual.delete(key(rule)));
    const outs = { ...olds, rules: [...known, ...actual.values()] };
    return { outs, inputs: outs };
  },

  async update(id, _olds, news) {
    await bringAbout(connect(news.api), id, news.rules);
    return news;
  },

  delete: (id, { api }) => dropRules(connect(api), id),
};

/** Removes all rules of a group that may be gone. */
export async function dropRules(client: Client, id: string): Promise<void> {
  if (await orGone(client.get(`/security-group/${id}`))) await bringAbout(client, id, []);
}

/** Adds what is missing, then removes what is too much. */
async function bringAbout(client: Client, id: string, wanted: readonly Rule[]): Promise<void> {
  const group = await client.get<SecurityGroup>(`/security-group/${id}`);
  const surplus = new Map((group.rules ?? []).map((rule) => [rule.id, fromApi(rule)]));
  const missing = new Map(wanted.map((rule) => [key(rule), rule]));
  for (const [ruleId, rule] of surplus) if (missing.delete(key(rule))) surplus.delete(ruleId);

  const limit = pLimit(parallel);
  const drop = (ruleId: string) =>
    remove(client, `/security-group/${id}/rules/${ruleId}`, `a rule of security group ${group.name}`);
  await all(
    [...missing.values()].map((rule) =>
      limit(async () => {
        // The same opening for another reason: the API may not take it twice.
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
}

async function add(client: Client, group: SecurityGroup, rule: Rule): Promise<void> {
  const what = `the rule "${rule.description}" of security group ${group.name} to be added`;
  await whileBusy(what, async () => {
    for (let lost = 0; ;) {
      try {
        return await client.wait(await client.post(`/security-group/${group.id}/rules`, toApi(rule)), { what });
      } catch (error) {
        // The answer may be lost and the rule there.
        const { rules } = await client.get<SecurityGroup>(`/security-group/${group.id}`);
        if (rules?.some((each) => key(fromApi(each)) === key(rule))) return;
        if (!mayHaveHappened(error) || ++lost >= 5) throw error;
      }
    }
  });
}

/** Waits for all before the first failure goes on: nothing works on in the background. */
async function all(work: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
}

/** What a rule opens. */
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

/** What makes two rules the same. */
function key(rule: Rule): string {
  return JSON.stringify([opening(rule), rule.description]);
}

function keys(rules: unknown): unknown {
  // Not known yet in a preview: then it is a text.
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
