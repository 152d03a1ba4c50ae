import { needsReboot } from "../digest.ts";
import type { Facts, NodeFacts, WindowFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { age, forDuration, journal, unknown } from "./format.ts";

/** Milliseconds after which every node has had two windows. */
const twoNights = 172_800_000;
/** Seconds of a window that each node needs: drain, reboot, healthy again. */
const perNode = 300;
const day = 86_400;

export function judgeUpdates(facts: Facts): Problem[] {
  return [
    ...facts.nodes.flatMap((node) => judgeUpdate(facts, node)),
    ...judgeWindow(facts, "master", facts.windows.masters),
    ...judgeWindow(facts, "worker", facts.windows.workers),
  ];
}

function judgeUpdate(facts: Facts, { name, update, answers, silence, isRestarting }: NodeFacts): Problem[] {
  if (!update) {
    if (!answers || silence !== null || isRestarting) return [];
    const what = "update-engine does not answer: the node gets no updates";
    return [problem("update-unknown", name, what, unknown(journal(name, "update-engine")))];
  }
  const { status, version, since, waitsFor } = update;
  if (status !== needsReboot || !((age(facts, since) ?? 0) > twoNights)) return [];
  const what = `update ${version} has been pending${forDuration(facts, since)}${waitsFor ? `: ${waitsFor}` : ""}`;
  return [problem("update-waits", name, what, unknown(journal(name, "reboot-window")))];
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
      `${count} nodes need about ${minutes(needed)} min to reboot one by one, but their window has ${minutes(window.length)} min`,
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
  // Names the minority: the nodes that were left behind or went ahead.
  const [most, ...others] = [...byVersion].sort(([, a], [, b]) => b.length - a.length);
  const few = others.map(([version, group]) => `${version} on ${group.map(([name]) => name).join(", ")}`).join("; ");
  return [problem("versions-differ", what, `${most![0]} on ${most![1].length} nodes, ${few}`, "bin/pulumi up")];
}
