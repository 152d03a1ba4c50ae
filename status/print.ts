/** Prints a status for a terminal. Monitoring shows the first line only. */
import { visible } from "../node/remote/words.ts";
import { table } from "../table.ts";
import { needsReboot } from "./digest.ts";
import type { EtcdFacts, Facts, NodeFacts, Status, WindowFacts } from "./facts.ts";
import { age, duration, forDuration } from "./judge/format.ts";

export function print(status: Status): string {
  const { nodes, etcds, problems } = status;
  return [
    summary(status),
    nodes.length > 0 &&
      table(
        ["NAME", "ROLE", "STATE", "KUBELET", "OS", "ADDRESS", "UP", "UPDATE", "CERTIFICATES"],
        nodes.map((node) => row(status, node)),
      ),
    status.api &&
      table(
        [],
        [
          ["API", apiLine(status)],
          ...(etcds ? [etcds.kubernetes, etcds.infra].map((etcd) => [etcd.name, etcdLine(etcd)]) : []),
          ...(status.addons ?? []).map(({ name, wanted, available }) => [name, `${available} of ${wanted} replicas`]),
          ["reboot lock", lockLine(status)],
          ["master window", windowLine(status, status.windows.masters)],
          ["worker window", windowLine(status, status.windows.workers)],
          ...nodes.flatMap(({ name, update }) =>
            update?.waitsFor ? [[name, `update pending: ${update.waitsFor}`]] : [],
          ),
        ],
      ),
    problems.length === 0
      ? noProblems(status)
      : [
          "Problems:",
          ...problems.map(({ severity, where, what, todo }) => `\n${severity}  ${where}: ${what}\n  > ${todo}`),
        ].join("\n"),
  ]
    .filter((part) => part)
    .map((part) => visible(String(part)))
    .join("\n\n");
}

function summary({ state, cluster, at, problems, nodes }: Status): string {
  const [worst] = problems;
  const what = worst
    ? `${worst.where}: ${worst.what}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ""}`
    : `${nodes.length} nodes, no problems`;
  return `${state} - ${cluster ? `${cluster} at ${clock(at)}: ` : ""}${what}`;
}

function noProblems({ nodes }: Status): string {
  const restarting = nodes.filter(({ isRestarting }) => isRestarting).map(({ name }) => name);
  return restarting.length === 0 ? "No problems." : `No problems; restarting: ${restarting.join(", ")}.`;
}

function row(status: Status, node: NodeFacts): string[] {
  const { name, role, address, kubelet, osVersion, upSince } = node;
  const up = age(status, upSince);
  return [
    name,
    role,
    stateOf(status, node),
    kubelet ?? "-",
    osVersion ?? "-",
    address ?? "-",
    up === undefined ? "-" : duration(up),
    updateOf(node),
    certificatesOf(status, name),
  ];
}

function stateOf(facts: Facts, { state, isRestarting, cordoned, answers, inStack }: NodeFacts): string {
  return [
    isRestarting ? "restarting" : state,
    answers === false && "no SSH",
    cordoned &&
      `${cordoned.by === "itself" ? "drained" : `cordoned by ${cordoned.by}`}${forDuration(facts, cordoned.since)}`,
    !inStack && "not in the stack",
  ]
    .filter((part) => part)
    .join(", ");
}

function updateOf({ update }: NodeFacts): string {
  if (!update) return "-";
  if (update.status === needsReboot) return `${update.version ?? "one"} pending`;
  return update.status === "UPDATE_STATUS_IDLE" ? "none" : update.status.replace("UPDATE_STATUS_", "").toLowerCase();
}

/** Days until the first of a node's certificates expires, and whether it is due. */
function certificatesOf({ certificates }: Facts, name: string): string {
  const first = certificates.find(({ where }) => where === name);
  if (!first) return "-";
  return first.daysLeft < 0 ? "expired" : `${first.daysLeft} d${first.isDue ? ", renew" : ""}`;
}

function apiLine({ api, certificates }: Facts): string {
  const kubeconfig = certificates.find(({ where }) => where === "kubeconfig");
  const answer = api!.answers ? "answers" : `does not answer: ${api!.silence}`;
  return `${api!.endpoint} ${answer}${kubeconfig ? `; the kubeconfig is valid for ${kubeconfig.daysLeft} d` : ""}`;
}

function etcdLine({ members, leader, hasQuorum }: EtcdFacts): string {
  if (members.every(({ isHealthy }) => isHealthy === null)) return "unknown: no master answers";
  const healthy = members.filter(({ isHealthy }) => isHealthy).length;
  const others = members
    .filter(({ isHealthy }) => !isHealthy)
    .map(
      ({ name, isHealthy }) => `${name || "one that never started"} ${isHealthy === null ? "unknown" : "unhealthy"}`,
    );
  const leads = hasQuorum === false ? "no leader" : `leader ${leader ?? "unknown"}`;
  return [`${healthy} of ${members.length} healthy`, leads, ...others].join(", ");
}

function lockLine(facts: Facts): string {
  const { isKnown, holders } = facts.lock;
  if (!isKnown) return "unknown: no node can read it";
  return holders.length === 0
    ? "free"
    : holders
        .map(
          ({ name, since }) =>
            `held by ${name}${since ? ` since ${clock(since)} (${duration(age(facts, since)!)})` : ""}`,
        )
        .join(", ");
}

function windowLine(facts: Facts, window: WindowFacts | null): string {
  if (!window) return "unknown: no node answers";
  const { start, end, timeZone, isOpen, opens } = window;
  if (opens === null) return "always open";
  const next = `${clock(opens)} (in ${duration(-age(facts, opens)!)})`;
  return `${start}-${end} ${timeZone}, ${isOpen ? "open, next" : "closed, opens"} ${next}`;
}

/** To the minute. */
const clock = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
