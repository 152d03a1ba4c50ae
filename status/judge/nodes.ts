import { scriptCommand } from "../../node/remote/scripts.ts";
import type { Facts, NodeFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { forSpan, journal, mastersOf, namesOf, onNode, podLog } from "./words.ts";

/** Lines of `bin/health` that are judged elsewhere, with what the whole cluster says. */
const elsewhere = /^((kubernetes|infra)-etcd|apiserver) of |^node is (cordoned|drained|not Ready)/;
const apiserverLine = /^apiserver of /;

export function judgeApi(facts: Facts): Problem[] {
  const { api } = facts;
  if (!api || api.answers) return [];
  const masters = mastersOf(facts);
  const ready = masters.filter(
    ({ silence, problems }) => silence === null && !problems.some((line) => apiserverLine.test(line)),
  );
  const silence = `${api.endpoint} does not answer: ${api.silence}`;
  if (ready.length > 0) {
    return [
      problem(
        "api-silent",
        "API",
        `${silence}; on the way there, since apiservers are ready: ${namesOf(ready.map(({ name }) => name))}`,
        "`bin/pulumi up --refresh` mends the elastic IP; `bin/pulumi config get apiSources` has to admit this machine",
      ),
    ];
  }
  const asked = masters.find(({ answers }) => answers);
  return [
    problem(
      "api-silent",
      "API",
      silence,
      asked ? onNode(asked.name, scriptCommand("health")) : "bin/pulumi up --refresh",
    ),
  ];
}

export function judgeNodes(facts: Facts): Problem[] {
  const silent = facts.nodes.filter((node) => node.state === "Ready" && node.answers === false && !node.isRestarting);
  return [
    ...facts.nodes
      .filter(({ isRestarting }) => !isRestarting)
      .flatMap((node) => [...judgePresence(facts, node), ...judgeHealth(facts, node)]),
    ...facts.nodes.flatMap((node) => judgeCordon(facts, node)),
    ...(silent.length > 0 ? [sshSilent(facts, silent)] : []),
  ];
}

/** Whether it is there at all. */
function judgePresence(facts: Facts, node: NodeFacts): Problem[] {
  const { name, state, silence, answers } = node;
  if (!node.inStack) {
    return [
      problem(
        "node-stranger",
        name,
        "in the cluster and not in the stack",
        `if its machine is gone: \`bin/kubectl delete node ${name}\``,
      ),
    ];
  }
  const [line] = linesOf(facts, node);
  const todo = answers ? todoFor(name, line) : revival(facts, node);
  const reason = line ?? (silence && (answers ? silence : `no answer over SSH: ${silence}`)) ?? node.stateReason;
  const because = reason ? `: ${reason}` : "";
  if (state === "Missing")
    return [problem("node-missing", name, `in the stack and not in the cluster${because}`, todo)];
  if (state === "NotReady")
    return [problem("node-not-ready", name, `not Ready${forSpan(facts, node.stateSince)}${because}`, todo)];
  if (state === "Unknown" && answers === false)
    return [problem("node-silent", name, `no answer over SSH: ${silence}`, revival(facts, node))];
  return [];
}

/** What it says of itself. */
function judgeHealth(facts: Facts, node: NodeFacts): Problem[] {
  const { name, state, silence, answers } = node;
  const problems: Problem[] = [];
  if (answers && silence !== null) {
    problems.push(problem("node-report", name, `no report: ${silence}`, "bin/pulumi up"));
  }
  if (node.problems.some((line) => apiserverLine.test(line))) {
    problems.push(problem("apiserver-not-ready", name, "its apiserver is not ready", podLog(name, "kube-apiserver")));
  }
  const lines = linesOf(facts, node);
  if (lines.length > 0 && (state === "Ready" || state === "Unknown")) {
    problems.push(problem("node-unwell", name, lines.join("; "), todoFor(name, lines[0])));
  }
  return problems;
}

function judgeCordon(facts: Facts, node: NodeFacts): Problem[] {
  const { name, cordoned, isRestarting, state } = node;
  if (!cordoned || isRestarting) return [];
  const since = forSpan(facts, cordoned.since);
  if (cordoned.by !== "itself") {
    return [
      problem(
        "node-cordoned",
        name,
        `cordoned by ${cordoned.by}${since}: it gets no pods and no updates`,
        `when whoever did it is done: \`bin/kubectl uncordon ${name}\``,
      ),
    ];
  }
  if (state !== "Ready" || linesOf(facts, node).length > 0) return [];
  return [
    problem(
      "node-stays-drained",
      name,
      `drained by itself${since} and not back in service`,
      journal(name, "reboot-window"),
    ),
  ];
}

function sshSilent(facts: Facts, silent: readonly NodeFacts[]): Problem {
  const isEvery = facts.nodes.every(({ answers }) => answers !== true);
  return problem(
    "ssh-silent",
    isEvery ? "every node" : namesOf(silent.map(({ name }) => name)),
    `Ready, and no answer over SSH: ${silent[0]!.silence}`,
    isEvery ? "`bin/pulumi config get sshSources` has to admit this machine" : `bin/ssh ${silent[0]!.name}`,
  );
}

function linesOf({ api }: Facts, { problems }: NodeFacts): string[] {
  return problems.filter((line) => !elsewhere.test(line) && (api?.answers || !line.startsWith("API does not answer")));
}

/** Lines of `bin/health` say where to look. */
function todoFor(name: string, line = ""): string {
  const unit = /\(journalctl -u ([\w-]+)\)/.exec(line)?.[1];
  if (unit) return journal(name, unit);
  const pod = /^pod (\S+) is not Ready/.exec(line)?.[1];
  if (pod) return `bin/kubectl --namespace kube-system describe pod ${pod}`;
  return onNode(name, scriptCommand("health"));
}

/** What brings back a node that does not answer. A master is replaced only when it is the one thing that both etcds lack. */
function revival(facts: Facts, { name, role }: NodeFacts): string {
  const refresh = "`bin/pulumi up --refresh` starts it, or makes it anew if it is gone";
  const illMasters = mastersOf(facts).filter(({ state, answers }) => state !== "Ready" && !answers).length;
  const isReplaceable =
    role === "worker" ||
    (illMasters === 1 && facts.etcds?.kubernetes.hasQuorum === true && facts.etcds.infra.hasQuorum === true);
  // What tells an instance from its predecessor, which then goes first: of the instance alone, a second would be made beside it.
  return isReplaceable
    ? `${refresh}; if it runs with a dead disk: \`bin/pulumi up --replace '**:Claim::${name}-instance'\``
    : `${refresh}; replace no master before the others are back`;
}
