import { scriptCommand } from "../../node/remote/scripts.ts";
import { isEscaped, onNode, shellWord } from "../../node/remote/words.ts";
import type { Facts, HolderFacts, NodeFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { age, forDuration, journal, someMaster, unknown } from "./format.ts";

/** Milliseconds for which the reboot lock is usually held at most. */
const usual = 3_600_000;

export function judgeLock(facts: Facts): Problem[] {
  const { isKnown, holders } = facts.lock;
  return isKnown ? holders.flatMap((holder) => judgeHolder(facts, holder)) : unknownHolder(facts);
}

function unknownHolder(facts: Facts): Problem[] {
  const hasReport = facts.nodes.some(({ answers, silence }) => answers && silence === null);
  // A lost quorum is a problem of its own.
  if (!hasReport || facts.etcds?.infra.hasQuorum === false) return [];
  const log = unknown(journal(someMaster(facts), "infra-etcd"));
  return [problem("lock-unknown", "reboot lock", "no node can read it from infra-etcd", log)];
}

function judgeHolder(facts: Facts, holder: HolderFacts): Problem[] {
  const { id, name, since } = holder;
  const master = someMaster(facts);
  const give = onNode(master, scriptCommand("reboot-lock", "give", shellWord(name)));
  const node = facts.nodes.find((each) => each.name === holder.node);
  const isLong = (age(facts, since) ?? 0) > usual;
  if (node) return judgeNodeAsHolder(facts, holder, node, isLong, give);

  const held = `held by “${name}”${forDuration(facts, since)}`;
  // No node and no run of Pulumi takes the lock by such a name.
  if (isEscaped(name))
    return [problem("lock-left", "reboot lock", held, unknown(onNode(master, scriptCommand("reboot-lock", "show"))))];
  // The names under which Pulumi takes the lock.
  const isPulumi = /^(pulumi|removal of .*)$/.test(name);
  if (isPulumi && facts.lock.isPulumiRunning === false)
    return [problem("lock-left", "reboot lock", `${held}, but no Pulumi run is active on this stack`, give)];
  if (!/ since /.test(id) && facts.api?.answers)
    return [problem("lock-left", "reboot lock", `held by machine ${id}, which is not a node of the cluster`, give)];
  return isLong ? [problem("lock-long", "reboot lock", held, `if that has ended: \`${give}\``)] : [];
}

function judgeNodeAsHolder(
  facts: Facts,
  { name, since }: HolderFacts,
  node: NodeFacts,
  isLong: boolean,
  give: string,
): Problem[] {
  const held = `holds the reboot lock${forDuration(facts, since)}`;
  const isHealthy = node.state === "Ready" && node.answers !== false && node.problems.length === 0;
  if (!isHealthy && !node.isRestarting) {
    const what = `${held} and is unhealthy: no other node gets its update`;
    const todo = `repair the node, which then releases the lock; if it never comes back: \`${give}\``;
    return [problem("lock-unwell", name, what, todo)];
  }
  return isLong ? [problem("lock-long", name, held, unknown(journal(name, "reboot-window")))] : [];
}
