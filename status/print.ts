/** A status for a terminal. The first line alone is what monitoring shows. */
import { table } from "../table.ts";
import { needsReboot } from "./digest.ts";
import type { EtcdFacts, Facts, NodeFacts, Status, WindowFacts } from "./facts.ts";
import { age, forSpan, span } from "./judge/words.ts";

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
          ["reboot lock", lockLine(status)],
          ["masters reboot", windowLine(status, status.windows.masters)],
          ["workers reboot", windowLine(status, status.windows.workers)],
          ...nodes.flatMap(({ name, update }) => (update?.waitsFor ? [[`${name} waits`, update.waitsFor]] : [])),
        ],
      ),
    problems.length === 0
      ? allIsWell(status)
      : [
          "What is wrong:",
          ...problems.map(({ severity, where, what, todo }) => `\n${severity}  ${where}: ${what}\n  > ${todo}`),
        ].join("\n"),
  ]
    .filter((part) => part)
    .join("\n\n");
}

function summary({ state, cluster, at, problems, nodes }: Status): string {
  const [worst] = problems;
  const what = worst
    ? `${worst.where}: ${worst.what}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ""}`
    : `${nodes.length} nodes, all is well`;
  return `${state} - ${cluster ? `${cluster} at ${clock(at)}: ` : ""}${what}`;
}

function allIsWell({ nodes }: Status): string {
  const restarting = nodes.filter(({ isRestarting }) => isRestarting).map(({ name }) => name);
  return restarting.length === 0 ? "All is well." : `All is well, with ${restarting.join(", ")} on the way down or up.`;
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
    up === undefined ? "-" : span(up),
    updateOf(node),
    certificatesOf(status, name),
  ];
}

function stateOf(facts: Facts, { state, isRestarting, cordoned, answers, inStack }: NodeFacts): string {
  return [
    isRestarting ? "restarting" : state,
    answers === false && "no SSH",
    cordoned &&
      `${cordoned.by === "itself" ? "drained" : "cordoned"} by ${cordoned.by}${forSpan(facts, cordoned.since)}`,
    !inStack && "not in the stack",
  ]
    .filter((part) => part)
    .join(", ");
}

function updateOf({ update }: NodeFacts): string {
  if (!update) return "-";
  if (update.status === needsReboot) return `${update.version ?? "one"} waits`;
  return update.status === "UPDATE_STATUS_IDLE" ? "none" : update.status.replace("UPDATE_STATUS_", "").toLowerCase();
}

/** The soonest to end: days, and whether it is to be renewed. */
function certificatesOf({ certificates }: Facts, name: string): string {
  const soonest = certificates.find(({ where }) => where === name);
  if (!soonest) return "-";
  return soonest.daysLeft < 0 ? "ended" : `${soonest.daysLeft} d${soonest.isDue ? ", renew" : ""}`;
}

function apiLine({ api, certificates }: Facts): string {
  const yours = certificates.find(({ where }) => where === "kubeconfig");
  return `${api!.endpoint} ${api!.answers ? "answers" : `does not answer: ${api!.silence}`}${yours ? `; the kubeconfig is good for ${yours.daysLeft} d` : ""}`;
}

function etcdLine({ members, leader, hasQuorum }: EtcdFacts): string {
  if (members.every(({ isHealthy }) => isHealthy === null)) return "no master could be asked";
  const healthy = members.filter(({ isHealthy }) => isHealthy).length;
  const others = members
    .filter(({ isHealthy }) => !isHealthy)
    .map(({ name, isHealthy }) => `${name || "one never started"} ${isHealthy === null ? "unknown" : "not healthy"}`);
  const leads = hasQuorum === false ? "no leader" : `leader ${leader ?? "unknown"}`;
  return [`${healthy} of ${members.length} healthy`, leads, ...others].join(", ");
}

function lockLine(facts: Facts): string {
  const { isKnown, holders } = facts.lock;
  if (!isKnown) return "unknown: infra-etcd could not be asked";
  return holders.length === 0
    ? "free"
    : holders
        .map(
          ({ name, since }) => `held by ${name}${since ? ` since ${clock(since)} (${span(age(facts, since)!)})` : ""}`,
        )
        .join(", ");
}

function windowLine(facts: Facts, window: WindowFacts | null): string {
  if (!window) return "no node could be asked";
  const { start, end, timeZone, isOpen, opens } = window;
  if (opens === null) return "for updates at any time";
  const next = `${isOpen ? "then" : "next"} ${clock(opens)} (in ${span(-age(facts, opens)!)})`;
  return `for updates ${start}-${end} ${timeZone}: ${isOpen ? "open now" : "closed"}, ${next}`;
}

/** To the minute. */
const clock = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
