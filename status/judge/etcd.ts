import type { EtcdFacts, Facts, MemberFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { journal, mastersOf, namesOf, podLog } from "./words.ts";

export function judgeEtcd(facts: Facts): Problem[] {
  return facts.etcds ? [facts.etcds.kubernetes, facts.etcds.infra].flatMap((etcd) => judgeOne(facts, etcd)) : [];
}

function judgeOne(facts: Facts, etcd: EtcdFacts): Problem[] {
  const masters = mastersOf(facts);
  const log = (node: string) =>
    etcd.name === "infra-etcd" ? journal(node, "infra-etcd") : podLog(node, "kubernetes-etcd");
  const ill = etcd.members.filter(
    ({ name, isHealthy }) => isHealthy === false && masters.some((node) => node.name === name),
  );
  if (etcd.hasQuorum === false) {
    const dead = masters.filter(({ answers }) => !answers).map(({ name }) => name);
    return [
      problem(
        "etcd-no-quorum",
        etcd.name,
        `no leader; not healthy: ${ill.map(({ name }) => name).join(", ")}${dead.length > 0 ? `; no answer from ${dead.join(", ")}` : ""}`,
        dead.length > 0
          ? "`bin/pulumi up --refresh` starts masters that are stopped"
          : log(ill[0]?.name ?? masters[0]!.name),
      ),
    ];
  }
  const alarmed = etcd.members.filter(({ alarms }) => alarms.length > 0);
  const problems = ill
    // Of one that is away altogether it is said that it is away.
    .filter(({ name }) => masters.some((node) => node.name === name && node.answers && !node.isRestarting))
    .filter(({ name }) => !alarmed.some((member) => member.name === name))
    .map(({ name }) => problem("etcd-member", name, `its member of ${etcd.name} is not healthy`, log(name)));
  if (alarmed.length > 0) problems.push(alarm(etcd, alarmed));
  const [unlike] = problemsOfMembership(
    etcd,
    masters.map(({ name }) => name),
  );
  if (unlike)
    problems.push(
      problem("etcd-membership", etcd.name, unlike, "as docs/status.md says under “A member too many or too few”"),
    );
  return problems;
}

function alarm({ name }: EtcdFacts, alarmed: readonly MemberFacts[]): Problem {
  const alarms = [...new Set(alarmed.flatMap((member) => member.alarms))].join(", ");
  return problem(
    "etcd-alarm",
    name,
    `alarm ${alarms} on ${namesOf(alarmed.map((member) => member.name))}: no writes are taken`,
    "free space as docs/status.md says under “etcd is full”",
  );
}

function problemsOfMembership({ members }: EtcdFacts, masters: readonly string[]): string[] {
  return members.flatMap(({ name, isMember, isLearner }) => {
    if (isMember === false) return [`${name} is no member`];
    if (!masters.includes(name))
      return [name ? `${name} is a member and no master` : "a member was added and never started"];
    return isLearner ? [`${name} is a learner, without a vote`] : [];
  });
}
