/** Facts in, problems out. Nothing else decides what is wrong with a cluster. */
import type { Facts, Status } from "./facts.ts";
import { judgeAddons, judgeDns } from "./judge/addons.ts";
import { judgeCertificates } from "./judge/certificates.ts";
import { judgeEtcd } from "./judge/etcd.ts";
import { judgeLock } from "./judge/lock.ts";
import { judgeApi, judgeNodes } from "./judge/nodes.ts";
import { judgeRefusals } from "./judge/refusals.ts";
import { judgeUpdates, judgeVersions } from "./judge/updates.ts";
import { problem, type Problem, sortProblems, worstOf } from "./problems.ts";

export function judge(facts: Facts): Status {
  const problems = sortProblems(problemsOf(facts));
  return { version: 1, state: worstOf(problems), problems, ...facts };
}

function problemsOf(facts: Facts): Problem[] {
  // One problem instead of one for each node.
  if (facts.api?.answers === false && facts.nodes.every(({ answers }) => answers !== true)) {
    return [nothingAnswers(facts), ...judgeCertificates(facts)];
  }
  return [
    ...judgeApi(facts),
    ...judgeRefusals(facts),
    ...judgeNodes(facts),
    ...judgeDns(facts),
    ...judgeAddons(facts),
    ...judgeEtcd(facts),
    ...judgeLock(facts),
    ...judgeUpdates(facts),
    ...judgeVersions(facts),
    ...judgeCertificates(facts),
  ];
}

function nothingAnswers({ api, nodes }: Facts): Problem {
  return problem(
    "nothing-answers",
    "the cluster",
    `neither the API (${api?.silence}) nor any node (${nodes[0]?.silence}) answers`,
    "`bin/pulumi config get sshSources` must admit this machine; `bin/pulumi up --refresh` starts what is stopped",
  );
}
