import type { EtcdFacts, Facts, MemberFacts, NodeFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { journal, mastersOf, namesOf, podLog, unknown } from "./format.ts";

export function judgeEtcd(facts: Facts): Problem[] {
  if (!facts.etcds) return [];
  const masters = mastersOf(facts);
  return [facts.etcds.kubernetes, facts.etcds.infra].flatMap((etcd) =>
    etcd.hasQuorum === false
      ? [noQuorum(etcd, masters)]
      : [...unhealthyMembers(etcd, masters), ...alarms(etcd), ...wrongMembership(etcd, masters)],
  );
}

function noQuorum(etcd: EtcdFacts, masters: readonly NodeFacts[]): Problem {
  const unhealthy = unhealthyOf(etcd, masters);
  const silent = masters.filter(({ answers }) => !answers).map(({ name }) => name);
  return problem(
    "etcd-no-quorum",
    etcd.name,
    `no leader; unhealthy: ${unhealthy.join(", ")}${silent.length > 0 ? `; no answer from ${silent.join(", ")}` : ""}`,
    silent.length > 0
      ? "`bin/pulumi up --refresh` starts masters that are stopped"
      : logOf(etcd, unhealthy[0] ?? masters[0]!.name),
  );
}

function unhealthyMembers(etcd: EtcdFacts, masters: readonly NodeFacts[]): Problem[] {
  // A master that is down is reported as a node; an alarm is a problem of its own.
  const isUp = (name: string) => masters.some((node) => node.name === name && node.answers && !node.isRestarting);
  const hasAlarm = (name: string) => etcd.members.some((member) => member.name === name && member.alarms.length > 0);
  return unhealthyOf(etcd, masters)
    .filter((name) => isUp(name) && !hasAlarm(name))
    .map((name) => problem("etcd-member", name, `its member of ${etcd.name} is unhealthy`, logOf(etcd, name)));
}

function alarms({ name, members }: EtcdFacts): Problem[] {
  const raised = members.filter((member: MemberFacts) => member.alarms.length > 0);
  if (raised.length === 0) return [];
  const names = [...new Set(raised.flatMap((member) => member.alarms))].join(", ");
  return [
    problem(
      "etcd-alarm",
      name,
      `alarm ${names} on ${namesOf(raised.map((member) => member.name))}: it refuses writes`,
      "free space: see “etcd is full” in docs/status.md",
    ),
  ];
}

/** The first difference between the members and the stack's masters. */
function wrongMembership({ name, members }: EtcdFacts, masters: readonly NodeFacts[]): Problem[] {
  const differences = members.flatMap((member) => {
    if (member.isMember === false) return [`${member.name} is not a member`];
    if (!masters.some((master) => master.name === member.name))
      return [member.name ? `${member.name} is a member but not a master` : "a member was added and never started"];
    return member.isLearner ? [`${member.name} is a learner, without a vote`] : [];
  });
  return differences
    .slice(0, 1)
    .map((what) => problem("etcd-membership", name, what, "see “A member too many or too few” in docs/status.md"));
}

/** Masters whose member is known to be unhealthy. */
const unhealthyOf = ({ members }: EtcdFacts, masters: readonly NodeFacts[]): string[] =>
  members
    .filter(({ name, isHealthy }) => isHealthy === false && masters.some((node) => node.name === name))
    .map(({ name }) => name);

const logOf = ({ name }: EtcdFacts, node: string): string =>
  unknown(name === "infra-etcd" ? journal(node, "infra-etcd") : podLog(node, "kubernetes-etcd"));
