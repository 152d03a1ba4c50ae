import { scriptCommand } from "../../node/remote/scripts.ts";
import { onNode, shellWord } from "../../node/remote/words.ts";
import type { ApiFacts, Facts, NodeFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { forDuration, journal, mastersOf, namesOf, podLog, restore, unknown } from "./format.ts";

/** Lines of `bin/health` that other judgements cover, which know the whole cluster. */
const judgedElsewhere = /^((kubernetes|infra)-etcd|apiserver) of |^node is (cordoned|drained|not Ready)/;
const apiserverLine = /^apiserver of /;

export function judgeApi(facts: Facts): Problem[] {
  const { api } = facts;
  if (!api) return [];
  if (api.answers) return judgeReadiness(facts, api);
  const masters = mastersOf(facts);
  const ready = masters.filter(
    ({ silence, problems }) => silence === null && !problems.some((line) => apiserverLine.test(line)),
  );
  const what = `${api.endpoint} does not answer: ${api.silence}`;
  if (ready.length > 0) {
    return [
      problem(
        "api-silent",
        "API",
        `${what}; the path to it is broken, since these apiservers are ready: ${namesOf(ready.map(({ name }) => name))}`,
        "`bin/pulumi up --refresh` repairs the elastic IP; `bin/pulumi config get apiSources` must admit this machine",
      ),
    ];
  }
  const reachable = masters.find(({ answers }) => answers);
  return [
    problem(
      "api-silent",
      "API",
      what,
      reachable
        ? unknown(onNode(reachable.name, scriptCommand("health")))
        : restore("starts what is stopped, and recreates what is gone"),
    ),
  ];
}

/** What a client sees that opens a new connection. A master that restarts takes some time to leave the elastic IP. */
function judgeReadiness(facts: Facts, { endpoint, connections, failures }: ApiFacts): Problem[] {
  const [first] = failures;
  if (first === undefined || mastersOf(facts).some(({ isRestarting }) => isRestarting)) return [];
  const what = `${failures.length} of ${connections} connections to ${endpoint} are not ready: ${first}`;
  return [problem("api-unsteady", "API", what, unknown("bin/kubectl get --raw '/readyz?verbose'"))];
}

export function judgeNodes(facts: Facts): Problem[] {
  const unreachable = facts.nodes.filter(
    (node) => node.state === "Ready" && node.answers === false && !node.isRestarting,
  );
  return [
    ...facts.nodes
      .filter(({ isRestarting }) => !isRestarting)
      .flatMap((node) => [...judgePresence(facts, node), ...judgeHealth(facts, node)]),
    ...facts.nodes.flatMap((node) => judgeCordon(facts, node)),
    ...(unreachable.length > 0 ? [sshSilent(facts, unreachable)] : []),
  ];
}

/** Whether stack and cluster both have the node, and whether it is Ready. */
function judgePresence(facts: Facts, node: NodeFacts): Problem[] {
  const { name, state, silence, answers } = node;
  if (!node.inStack) {
    const todo = `if its instance is gone: \`bin/kubectl delete node ${shellWord(name)}\``;
    return [problem("node-stranger", name, "in the cluster but not in the stack", todo)];
  }
  const [line] = healthLines(facts, node);
  const todo = answers ? todoFor(name, line) : todoForSilent(facts, node);
  const reason = line ?? (silence && (answers ? silence : `no answer over SSH: ${silence}`)) ?? node.stateReason;
  const because = reason ? `: ${reason}` : "";
  if (state === "Missing")
    return [
      problem("node-missing", name, `in the stack but not in the cluster${because}`, answers ? restored(name) : todo),
    ];
  if (state === "NotReady")
    return [problem("node-not-ready", name, `not Ready${forDuration(facts, node.stateSince)}${because}`, todo)];
  if (state === "Unknown" && answers === false)
    return [problem("node-silent", name, `no answer over SSH: ${silence}`, todo)];
  return [];
}

/** A node creates its Node object again; its journal says what keeps it from that. */
const restored = (name: string): string =>
  `it comes back by itself within a minute; if it does not: \`${journal(name, "membership")}\``;

/** What the node itself reports. */
function judgeHealth(facts: Facts, node: NodeFacts): Problem[] {
  const { name, state, silence, answers } = node;
  const problems: Problem[] = [];
  if (answers && silence !== null) {
    problems.push(problem("node-report", name, `no report: ${silence}`, "bin/pulumi up"));
  }
  if (node.problems.some((line) => apiserverLine.test(line))) {
    problems.push(
      problem("apiserver-not-ready", name, "its apiserver is not ready", unknown(podLog(name, "kube-apiserver"))),
    );
  }
  const lines = healthLines(facts, node);
  if (lines.length > 0 && (state === "Ready" || state === "Unknown")) {
    problems.push(problem("node-unwell", name, lines.join("; "), todoFor(name, lines[0])));
  }
  return problems;
}

function judgeCordon(facts: Facts, node: NodeFacts): Problem[] {
  const { name, cordoned, isRestarting, state } = node;
  if (!cordoned || isRestarting) return [];
  const since = forDuration(facts, cordoned.since);
  if (cordoned.by !== "itself") {
    const what = `cordoned by ${cordoned.by}${since}: it gets no pods and no updates`;
    return [
      problem("node-cordoned", name, what, `once the work on it is done: \`bin/kubectl uncordon ${shellWord(name)}\``),
    ];
  }
  if (state !== "Ready" || healthLines(facts, node).length > 0) return [];
  const what = `drained${since} and not back in service`;
  return [problem("node-stays-drained", name, what, unknown(journal(name, "reboot-window")))];
}

function sshSilent(facts: Facts, unreachable: readonly NodeFacts[]): Problem {
  const isEvery = facts.nodes.every(({ answers }) => answers !== true);
  const [first] = unreachable;
  return problem(
    "ssh-silent",
    isEvery ? "every node" : namesOf(unreachable.map(({ name }) => name)),
    `Ready, but no answer over SSH: ${first!.silence}`,
    isEvery ? "`bin/pulumi config get sshSources` must admit this machine" : unknown(`bin/ssh -v ${first!.name}`),
  );
}

/** Lines of the node's `bin/health` to report as its own problems. */
function healthLines({ api }: Facts, { problems }: NodeFacts): string[] {
  return problems.filter(
    (line) => !judgedElsewhere.test(line) && (api?.answers || !line.startsWith("API does not answer")),
  );
}

/** @param line of `bin/health`, which names the log to read or the component that does not answer */
function todoFor(name: string, line = ""): string {
  const unit = /\(journalctl -u ([\w-]+)\)/.exec(line)?.[1];
  if (unit) return unknown(journal(name, unit));
  const component = /^(kube-[\w-]+) does not answer/.exec(line)?.[1];
  if (component) return unknown(podLog(name, component));
  // Nodes of earlier releases ask the API for their pods.
  const pod = /^pod ([a-z0-9][a-z0-9.-]*) is not Ready/.exec(line)?.[1];
  if (pod) return unknown(`bin/kubectl --namespace kube-system describe pod ${pod}`);
  return unknown(onNode(name, scriptCommand("health")));
}

/** Brings back a node that does not answer. Suggests replacing a master only while both etcds have a quorum without it. */
function todoForSilent(facts: Facts, { name, role }: NodeFacts): string {
  const refresh = "`bin/pulumi up --refresh` starts it, or recreates it if it is gone";
  const mastersDown = mastersOf(facts).filter(({ state, answers }) => state !== "Ready" && !answers).length;
  const isReplaceable =
    role === "worker" ||
    (mastersDown === 1 && facts.etcds?.kubernetes.hasQuorum === true && facts.etcds.infra.hasQuorum === true);
  // Replacing the claim deletes the old instance first; replacing the instance alone would create a second one beside it.
  return isReplaceable
    ? `${refresh}; if it runs with a dead disk: \`bin/pulumi up --replace '**:Claim::${name}-instance'\``
    : `${refresh}; replace no master before the others are back`;
}
