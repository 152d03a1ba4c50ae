import type { Deployment } from "../answers.ts";
import type { Facts, NodeFacts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { journal, namesOf, restore, unknown } from "./format.ts";

/** Whether a node's own problems are none, so that what it lacks comes from elsewhere. */
const isInOrder = ({ inStack, state, isRestarting }: NodeFacts): boolean =>
  !inStack || (!isRestarting && (state === "Ready" || state === "Unknown"));

export function judgeDns(facts: Facts): Problem[] {
  const asked = facts.nodes.filter((node) => node.dns !== null && isInOrder(node));
  const silent = asked.filter(({ dns }) => dns?.answers === false);
  const [first] = silent;
  if (!first) return [];
  const isEvery = silent.length === asked.length;
  const where = isEvery ? "cluster DNS" : namesOf(silent.map(({ name }) => name));
  const what = `${isEvery ? `none of ${asked.length} nodes gets an answer` : "no answer"} from the cluster's DNS: ${first.dns!.silence}`;
  return [problem("dns-silent", where, what, todoForDns(facts, first, isEvery))];
}

function todoForDns({ addons }: Facts, node: NodeFacts, isEvery: boolean): string {
  const coredns = addons?.find(({ name }) => name === "coredns");
  if (addons && (!coredns || wasChanged(coredns))) return restore("brings its pods back");
  return unknown(isEvery ? describePods("k8s-app=kube-dns") : journal(node.name, "flanneld"));
}

export function judgeAddons(facts: Facts): Problem[] {
  // A rollout and a node that is down take a replica away for a while, and are told by themselves.
  if (facts.lock.isPulumiRunning || !facts.nodes.every(isInOrder)) return [];
  return (facts.addons ?? [])
    .filter(({ wanted, available }) => available < wanted)
    .map((addon) => {
      const { name, wanted, available, obstacle } = addon;
      const what = `${available} of ${wanted} replicas${obstacle === null ? "" : `: ${obstacle}`}`;
      const todo = wasChanged(addon)
        ? restore("brings them back")
        : unknown(`bin/kubectl --namespace kube-system describe deployment ${name}`);
      return problem("addon-short", name, what, todo);
    });
}

const wasChanged = ({ wanted, replicas }: Deployment): boolean => replicas !== wanted;

const describePods = (selector: string): string => `bin/kubectl --namespace kube-system describe pods -l ${selector}`;
