/** One etcd as its members tell, each for itself. */
import type { NodeAnswer, Report } from "./answers.ts";
import type { EtcdFacts, MemberFacts, NodeFacts } from "./facts.ts";

type Member = NonNullable<Report["etcd"]>["kubernetes"];

/** @param nodes the same nodes as the API sees them: a dead one tells nothing of its members */
export function digestEtcd(
  which: "kubernetes" | "infra",
  answers: readonly NodeAnswer[],
  nodes: readonly NodeFacts[],
): EtcdFacts {
  const masters = answers.filter(({ role }) => role === "master");
  const own = new Map(
    masters.map(({ name, answer }) => [name, "report" in answer ? answer.report.etcd?.[which] : undefined]),
  );
  const told = [...own.values()].filter((member) => member !== undefined);
  // A member without leader may know an old list.
  const list =
    [...told].sort((a, b) => Number(b.isHealthy) - Number(a.isHealthy)).find(({ members }) => members)?.members ?? null;
  const members = masters.map(({ name }): MemberFacts => {
    const member = own.get(name);
    const listed = list?.find((each) => each.name === name);
    const isDead = nodes.some((node) => node.name === name && node.state === "NotReady" && node.answers === false);
    return {
      name,
      isHealthy: member?.isHealthy ?? (isDead ? false : null),
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
  const leader = told.map(({ leaderId }) => leaderId).find(hasLeader);
  return {
    name: `${which}-etcd`,
    hasQuorum: quorumOf(told, members, masters.length),
    leader: nameOf(leader, own, list),
    members,
  };
}

/** Whoever is healthy or knows a leader is part of a majority; a member that runs and knows none is not, nor is a minority. */
function quorumOf(told: readonly Member[], members: readonly MemberFacts[], masters: number): boolean | null {
  if (told.some(({ isHealthy, leaderId }) => isHealthy || hasLeader(leaderId))) return true;
  if (told.some(({ memberId }) => memberId !== null)) return false;
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
