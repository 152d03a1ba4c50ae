/** Answers in, facts out: merges what the nodes and the API report into one view of the cluster. */
import { drainAnnotation } from "../node/remote/scripts.ts";
import type { Answers, ApiNode, NodeAnswer, Report } from "./answers.ts";
import { digestEtcd } from "./etcd.ts";
import type {
  ApiFacts,
  CertificateFacts,
  Facts,
  HolderFacts,
  LockFacts,
  NodeFacts,
  UpdateFacts,
  WindowFacts,
} from "./facts.ts";
import { isRestarting } from "./restart.ts";

const day = 86_400_000;

export function digest(answers: Answers): Facts {
  const { cluster, at, endpoint, api } = answers;
  const lock = digestLock(answers);
  const nodes = digestNodes(answers, lock);
  return {
    cluster,
    at: at.toISOString(),
    api: apiFactsOf(endpoint, api),
    addons: "nodes" in api ? api.addons : null,
    refusals: "nodes" in api ? api.refusals : [],
    nodes,
    etcds: {
      kubernetes: digestEtcd("kubernetes", answers.nodes, nodes),
      infra: digestEtcd("infra", answers.nodes, nodes),
    },
    lock,
    windows: { masters: windowOf(answers, "master"), workers: windowOf(answers, "worker") },
    certificates: digestCertificates(answers),
  };
}

function apiFactsOf(endpoint: string, api: Answers["api"]): ApiFacts {
  if ("silence" in api) return { endpoint, answers: false, silence: api.silence, connections: 0, failures: [] };
  const failures = api.readiness.filter((each) => each !== null);
  return { endpoint, answers: true, silence: null, connections: api.readiness.length, failures };
}

const reportOf = ({ answer }: NodeAnswer): Report | undefined => ("report" in answer ? answer.report : undefined);

const apiNodes = ({ api }: Answers): readonly ApiNode[] => ("nodes" in api ? api.nodes : []);

function digestNodes(answers: Answers, lock: LockFacts): NodeFacts[] {
  const objects = new Map(apiNodes(answers).map((node) => [node.metadata.name, node]));
  const ofStack = answers.nodes.map((node) => digestNode(answers, node, objects.get(node.name), lock));
  const names = new Set(answers.nodes.map(({ name }) => name));
  const others = [...objects.values()]
    .filter(({ metadata }) => !names.has(metadata.name))
    .map((object) => digestOther(object));
  return [...ofStack, ...others];
}

function digestNode(answers: Answers, node: NodeAnswer, object: ApiNode | undefined, lock: LockFacts): NodeFacts {
  const { name, role, address, answer } = node;
  const report = reportOf(node);
  const ofApi = object
    ? apiFacts(object)
    : {
        state: "nodes" in answers.api ? ("Missing" as const) : ("Unknown" as const),
        stateSince: null,
        stateReason: null,
        cordoned: report?.drainedSince ? { by: "itself", since: report.drainedSince } : null,
      };
  const facts = {
    name,
    role,
    address,
    inStack: true,
    ...ofApi,
    answers: !("silence" in answer),
    silence: "silence" in answer ? answer.silence : "refusal" in answer ? answer.refusal : null,
    dns: node.dns,
    kubelet: report?.kubelet ?? (object?.status.nodeInfo.kubeletVersion || null),
    osVersion: report?.osVersion ?? null,
    upSince: report?.upSince ?? null,
    problems: report?.problems ?? [],
    update: report ? updateOf(report) : null,
  };
  return {
    ...facts,
    isRestarting: isRestarting(
      facts,
      lock.holders.some((holder) => holder.node === name),
      answers.at,
    ),
  };
}

/** A node that the cluster has and the stack does not. */
function digestOther(object: ApiNode): NodeFacts {
  const { metadata, status } = object;
  return {
    name: metadata.name,
    role: "node-role.kubernetes.io/master" in metadata.labels ? "master" : "worker",
    address: status.addresses.find(({ type }) => type === "InternalIP")?.address ?? null,
    inStack: false,
    ...apiFacts(object),
    answers: null,
    silence: null,
    dns: null,
    isRestarting: false,
    kubelet: status.nodeInfo.kubeletVersion || null,
    osVersion: null,
    upSince: null,
    problems: [],
    update: null,
  };
}

function apiFacts(object: ApiNode): Pick<NodeFacts, "state" | "stateSince" | "stateReason" | "cordoned"> {
  const ready = object.status.conditions.find(({ type }) => type === "Ready");
  const isReady = ready?.status === "True";
  return {
    state: isReady ? "Ready" : "NotReady",
    stateSince: ready?.lastTransitionTime ?? null,
    stateReason: isReady ? null : ready?.message || null,
    cordoned: cordonOf(object),
  };
}

function cordonOf({ metadata, spec }: ApiNode): NodeFacts["cordoned"] {
  const drained = metadata.annotations[drainAnnotation];
  if (drained) return { by: "itself", since: drained };
  if (!spec.unschedulable) return null;
  const owner = metadata.managedFields.find(({ fieldsV1 }) => JSON.stringify(fieldsV1)?.includes('"f:unschedulable"'));
  return { by: owner?.manager ?? "an unknown client", since: owner?.time ?? null };
}

function updateOf({ update, window }: Report): UpdateFacts | null {
  return update && { ...update, waitsFor: update.status === needsReboot ? (window?.waitsFor ?? null) : null };
}

/** update-engine's status for an update that is installed and needs a reboot. */
export const needsReboot = "UPDATE_STATUS_UPDATED_NEED_REBOOT";

function digestLock(answers: Answers): LockFacts {
  const lock = answers.nodes.map((node) => reportOf(node)?.lock).find((each) => each);
  const byMachine = new Map(
    apiNodes(answers).map(({ metadata, status }) => [status.nodeInfo.machineID, metadata.name]),
  );
  const holders = (lock?.holders ?? []).map(({ id, node, since }): HolderFacts => {
    const name = node ?? byMachine.get(id) ?? null;
    return { id, name: name ?? id.replace(/ since \S+$/, ""), node: name, since };
  });
  return { isKnown: Boolean(lock), holders, isPulumiRunning: answers.isPulumiRunning };
}

function windowOf({ nodes }: Answers, role: "master" | "worker"): WindowFacts | null {
  const window = nodes
    .filter((node) => node.role === role)
    .map((node) => reportOf(node)?.window)
    .find((each) => each);
  if (!window) return null;
  const { start, length, timeZone, isOpen, opens } = window;
  const [hours = 0, minutes = 0] = start.split(":").map(Number);
  const end = (hours * 60 + minutes + Math.floor(length / 60)) % 1440;
  const two = (number: number) => String(number).padStart(2, "0");
  return { start, end: `${two(Math.floor(end / 60))}:${two(end % 60)}`, length, timeZone, isOpen, opens };
}

function digestCertificates({ nodes, at, renewBefore, kubeconfigNotAfter }: Answers): CertificateFacts[] {
  const all = nodes.flatMap((node) =>
    (reportOf(node)?.certificates ?? []).map((certificate) => ({ where: node.name, ...certificate })),
  );
  all.push({ where: "kubeconfig", name: "admin", notAfter: kubeconfigNotAfter });
  return all
    .map(({ where, name, notAfter }) => {
      const left = Date.parse(notAfter) - at.getTime();
      return { where, name, notAfter, daysLeft: Math.floor(left / day), isDue: left <= renewBefore * 3_600_000 };
    })
    .sort((a, b) => a.notAfter.localeCompare(b.notAfter));
}
