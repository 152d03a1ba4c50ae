import { needsReboot } from "../digest.ts";
import type { Facts, WindowFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { age, forSpan, journal } from "./words.ts";

/** Milliseconds in which every node has had two windows. */
const twoNights = 172_800_000;
/** Seconds that a window should have for each node: drain, reboot, and well again. */
const perNode = 300;
const day = 86_400;

export function judgeUpdates(facts: Facts): Problem[] {
  const waiting = facts.nodes.flatMap(({ name, update, answers, silence, isRestarting }) => {
    if (answers && silence === null && !update && !isRestarting) {
      return [
        problem(
          "update-unknown",
          name,
          "update-engine does not answer: no updates come",
          journal(name, "update-engine"),
        ),
      ];
    }
    if (update?.status !== needsReboot || !((age(facts, update.since) ?? 0) > twoNights)) return [];
    const reason = update.waitsFor ? `: ${update.waitsFor}` : "";
    return [
      problem(
        "update-waits",
        name,
        `update ${update.version} has waited${forSpan(facts, update.since)}${reason}`,
        journal(name, "reboot-window"),
      ),
    ];
  });
  return [
    ...waiting,
    ...judgeWindow(facts, "master", facts.windows.masters),
    ...judgeWindow(facts, "worker", facts.windows.workers),
  ];
}

function judgeWindow({ nodes }: Facts, role: "master" | "worker", window: WindowFacts | null): Problem[] {
  const count = nodes.filter((node) => node.role === role && node.inStack).length;
  const needed = Math.min(count * perNode, day);
  if (!window || window.length >= needed) return [];
  const minutes = (seconds: number) => Math.round(seconds / 60);
  return [
    problem(
      "window-short",
      `${role}s`,
      `${count} nodes need about ${minutes(needed)} min to reboot one by one, and their window has ${minutes(window.length)} min`,
      `bin/pulumi config set --path ${role}RebootWindow.length ${Math.ceil(needed / 3600)}h && bin/pulumi up`,
    ),
  ];
}

export function judgeVersions({ nodes, etcds }: Facts): Problem[] {
  const members = (etcd: "kubernetes" | "infra") =>
    etcds?.[etcd].members.map(({ name, version }) => [name, version] as const) ?? [];
  return [
    ...differing(
      "kubelet",
      nodes.map(({ name, kubelet }) => [name, kubelet] as const),
    ),
    ...differing("kubernetes-etcd", members("kubernetes")),
    ...differing("infra-etcd", members("infra")),
  ];
}

function differing(what: string, versions: readonly (readonly [name: string, version: string | null])[]): Problem[] {
  const byVersion = Map.groupBy(
    versions.filter(([, version]) => version !== null),
    ([, version]) => version!,
  );
  if (byVersion.size < 2) return [];
  // The few are named: they are those that were left behind, or that went ahead.
  const [most, ...others] = [...byVersion].sort(([, a], [, b]) => b.length - a.length);
  const few = others.map(([version, group]) => `${version} on ${group.map(([name]) => name).join(", ")}`).join("; ");
  return [problem("versions-differ", what, `${most![0]} on ${most![1].length} nodes, ${few}`, "bin/pulumi up")];
}
