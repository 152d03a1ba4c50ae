import { scriptCommand } from "../../node/remote/scripts.ts";
import type { Facts, HolderFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { age, forSpan, journal, onNode, someMaster } from "./words.ts";

/** Milliseconds that a node, or whoever else, usually holds the lock for at most. */
const usual = 3_600_000;

export function judgeLock(facts: Facts): Problem[] {
  const { lock, nodes, etcds } = facts;
  if (!lock.isKnown) {
    // Without a report nobody was asked; without a quorum it is said already.
    if (etcds?.infra.hasQuorum === false || !nodes.some(({ answers, silence }) => answers && silence === null))
      return [];
    return [
      problem(
        "lock-unknown",
        "reboot lock",
        "no node can ask infra-etcd for it",
        journal(someMaster(facts), "infra-etcd"),
      ),
    ];
  }
  return lock.holders.flatMap((holder) => judgeHolder(facts, holder));
}

function judgeHolder(facts: Facts, holder: HolderFacts): Problem[] {
  const { id, name, since } = holder;
  const held = `holds the reboot lock${forSpan(facts, since)}`;
  const give = onNode(someMaster(facts), scriptCommand("reboot-lock", "give", /\s/.test(name) ? `'${name}'` : name));
  const node = facts.nodes.find((each) => each.name === holder.node);
  const isOld = (age(facts, since) ?? 0) > usual;
  if (node) {
    const isWell = node.state === "Ready" && node.answers !== false && node.problems.length === 0;
    if (!isWell && !node.isRestarting) {
      return [
        problem(
          "lock-unwell",
          name,
          `${held} and is not well: no other node gets its update`,
          `mend the node, which then gives the lock back; if it never comes back: \`${give}\``,
        ),
      ];
    }
    return isOld ? [problem("lock-long", name, held, journal(name, "reboot-window"))] : [];
  }
  // Pulumi takes it under these two names.
  const isPulumis = /^(pulumi|removal of .*)$/.test(name);
  if (isPulumis && facts.lock.isPulumiRunning === false) {
    return [
      problem(
        "lock-left",
        "reboot lock",
        `held by “${name}”${forSpan(facts, since)}, and no Pulumi run works on this stack`,
        give,
      ),
    ];
  }
  if (!/ since /.test(id) && facts.api?.answers) {
    return [problem("lock-left", "reboot lock", `held by machine ${id}, which is no node of the cluster`, give)];
  }
  return isOld
    ? [
        problem(
          "lock-long",
          "reboot lock",
          `held by “${name}”${forSpan(facts, since)}`,
          `if that has ended: \`${give}\``,
        ),
      ]
    : [];
}
