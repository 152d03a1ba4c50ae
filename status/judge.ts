/** Facts in, problems out. What is wrong with a cluster is decided here and nowhere else. */
import type { Facts, Status } from "./facts.ts";
import { judgeCertificates } from "./judge/certificates.ts";
import { judgeEtcd } from "./judge/etcd.ts";
import { judgeLock } from "./judge/lock.ts";
import { judgeApi, judgeNodes } from "./judge/nodes.ts";
import { judgeUpdates, judgeVersions } from "./judge/updates.ts";
import { inOrder, problem, type Problem, stateOf } from "./problems.ts";

export function judge(facts: Facts): Status {
  const problems = inOrder(problemsOf(facts));
  return { version: 1, state: stateOf(problems), problems, ...facts };
}

function problemsOf(facts: Facts): Problem[] {
  // Twenty problems that are one.
  if (facts.api?.answers === false && facts.nodes.every(({ answers }) => answers !== true)) {
    return [nothingAnswers(facts), ...judgeCertificates(facts)];
  }
  return [
    ...judgeApi(facts),
    ...judgeNodes(facts),
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
    "`bin/pulumi config get sshSources` has to admit this machine; `bin/pulumi up --refresh` starts what is stopped",
  );
}
