/** Puts together what the members of one etcd report. */
import type { NodeAnswer, Report } from "./answers.ts";
import type { EtcdFacts, MemberFacts, NodeFacts } from "./facts.ts";

type Member = NonNullable<Report["etcd"]>["kubernetes"];

/** @param nodes tell which masters are down and therefore report nothing */
export function digestEtcd(
  which: "kubernetes" | "infra",
  answers: readonly NodeAnswer[],
  nodes: readonly NodeFacts[],
): EtcdFacts {
  const masters = answers.filter(({ role }) => role === "master");
  const own = new Map(
    masters.map(({ name, answer }) => [name, "report" in answer ? answer.report.etcd?.[which] : undefined]),
  );
  const reported = [...own.values()].filter((member) => member !== undefined);
  // Prefers a healthy member's list: one without a leader may be outdated.
  const list =
    [...reported].sort((a, b) => Number(b.isHealthy) - Number(a.isHealthy)).find(({ members }) => members)?.members ??
    null;
  const members = masters.map(({ name }): MemberFacts => {
    const member = own.get(name);
    const listed = list?.find((each) => each.name === name);
    const isDown = nodes.some((node) => node.name === name && node.state === "NotReady" && node.answers === false);
    return {
      name,
      isHealthy: member?.isHealthy ?? (isDown ? false : null),
      isMember: list && listed !== undefined,
      isLearner: listed?.isLearner ?? null,
      version: member?.version ?? null,
      dbSize: member?.dbSize ?? null,
      alarms: member?.alarms ?? [],
    };
  });
  for (const { name, isLearner } of list ?? []) {
    if (!own.has(name))
      members.push({ name, isHealthy: null, isMember: true, isLearner, version: null, dbSize: null, alarms: [] });
  }
  const leader = reported.map(({ leaderId }) => leaderId).find(hasLeader);
  return {
    name: `${which}-etcd`,
    hasQuorum: quorumOf(reported, members, masters.length),
    leader: nameOf(leader, own, list),
    members,
  };
}

/**
 * A member that is healthy or knows a leader proves a quorum. One that runs without a leader disproves it, as do too many
 * unhealthy members. Null if neither is known.
 */
function quorumOf(reported: readonly Member[], members: readonly MemberFacts[], masters: number): boolean | null {
  if (reported.some(({ isHealthy, leaderId }) => isHealthy || hasLeader(leaderId))) return true;
  if (reported.some(({ memberId }) => memberId !== null)) return false;
  return members.filter(({ isHealthy }) => isHealthy === false).length * 2 >= masters ? false : null;
}

const hasLeader = (id: string | null) => id !== null && id !== "0";

function nameOf(
  id: string | null | undefined,
  own: ReadonlyMap<string, Member | undefined>,
  list: Member["members"],
): string | null {
  if (!id) return null;
  return (
    [...own].find(([, member]) => member?.memberId === id)?.[0] ?? (list?.find((each) => each.id === id)?.name || null)
  );
}
