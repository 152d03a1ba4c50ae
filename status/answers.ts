/** The answers of a cluster. Parsed part by part, so that one invalid part does not lose the others. */
import { z } from "zod";
import { replicasAnnotation } from "../node/remote/scripts.ts";
import { oneLine } from "../node/remote/words.ts";
import { lockReport, nodeReport, updateReport, windowReport } from "../node/remote/report.ts";

/** Everything that status asks for. */
export interface Answers {
  /** The stack's name. */
  readonly cluster: string;
  readonly at: Date;
  /** The Kubernetes API's URL at the elastic IP. */
  readonly endpoint: string;
  /** Every node of the stack. */
  readonly nodes: readonly NodeAnswer[];
  readonly api: ApiAnswer | { readonly silence: string };
  /** Whether a Pulumi run is active on this stack; null if this machine cannot tell. */
  readonly isPulumiRunning: boolean | null;
  /** The stack's setting, hours. */
  readonly renewBefore: number;
  /** When the kubeconfig's certificate expires, ISO 8601. */
  readonly kubeconfigNotAfter: string;
}

export interface NodeAnswer {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** `silence`: why it does not answer over SSH. `refusal`: why it answers without a report. */
  readonly answer: { readonly report: Report } | { readonly silence: string } | { readonly refusal: string };
  /** Of the cluster's DNS, asked from this node; null if the node could not ask. */
  readonly dns: DnsAnswer | null;
}

export interface DnsAnswer {
  readonly answers: boolean;
  /** How it does not answer. */
  readonly silence: string | null;
}

/** What the API at the elastic IP says. A part that could not be asked is null. */
export interface ApiAnswer {
  readonly nodes: readonly ApiNode[];
  /** `/readyz` over several connections: null where it says so, else what came instead. */
  readonly readiness: readonly (string | null)[];
  readonly addons: readonly Deployment[] | null;
  /** What it refuses of that which nodes and the control plane have to write. */
  readonly refusals: readonly Refusal[];
}

export interface Refusal {
  /** What was tried, as in “refuses ...”. */
  readonly write: string;
  /** The API's message. */
  readonly message: string;
  /** What refuses, where the message names it. */
  readonly by: Culprit | null;
}

/** An object that makes the API refuse something. */
export interface Culprit {
  /** As kubectl names it. */
  readonly kind:
    | "validatingwebhookconfiguration"
    | "mutatingwebhookconfiguration"
    | "validatingadmissionpolicybinding"
    | "resourcequota"
    | "limitrange";
  readonly name: string;
  readonly namespace: string | null;
  /** Of a webhook that does not answer: its place in the configuration. */
  readonly silentWebhook: number | null;
}

export type Role = "master" | "worker";

/** Null for a part that is missing or invalid. */
const known = <T extends z.ZodType>(type: T) => type.nullable().catch(null);
const text = z.string().transform(oneLine);

const { shape } = nodeReport;
const reportSchema = z.object({
  upSince: known(shape.upSince),
  osVersion: known(shape.osVersion),
  kubelet: known(shape.kubelet),
  problems: shape.problems.catch([]),
  drainedSince: known(shape.drainedSince),
  window: known(windowReport.omit({ locksmithd: true })),
  update: known(updateReport.extend({ since: known(updateReport.shape.since) })),
  certificates: shape.certificates.catch([]),
  etcd: known(shape.etcd),
  lock: known(lockReport.pick({ holders: true })),
});

/** The parts of `NodeReport` that status uses, each null if the report does not have it. */
export type Report = z.infer<typeof reportSchema>;

/** @throws Error if it is not a JSON object */
export function parseReport(json: string): Report {
  return reportSchema.parse(JSON.parse(json));
}

const named = <T extends z.ZodRawShape>(shape: T) => z.object({ name: text, ...shape });

/** Everything but a node's name is left out where it is missing or of another form. */
const apiNode = z.object({
  metadata: named({
    labels: z.record(z.string(), text).catch(() => ({})),
    annotations: z.record(z.string(), text).catch(() => ({})),
    managedFields: z
      .array(
        z.object({ manager: text.optional().catch(undefined), time: known(text), fieldsV1: z.unknown() }).partial(),
      )
      .catch(() => []),
  }),
  spec: z.object({ unschedulable: z.boolean().catch(false) }).catch(() => ({ unschedulable: false })),
  status: z
    .object({
      addresses: z.array(z.object({ type: text, address: text })).catch(() => []),
      conditions: z
        .array(z.object({ type: text, status: text, lastTransitionTime: known(text), message: text.catch("") }))
        .catch(() => []),
      nodeInfo: z
        .object({ machineID: text.catch(""), kubeletVersion: text.catch("") })
        .catch(() => ({ machineID: "", kubeletVersion: "" })),
    })
    .catch(() => ({ addresses: [], conditions: [], nodeInfo: { machineID: "", kubeletVersion: "" } })),
});

/** The fields of a Node object that status uses. */
export type ApiNode = z.infer<typeof apiNode>;

const deployment = z
  .object({
    metadata: named({ annotations: z.record(z.string(), text).catch(() => ({})) }),
    spec: z.object({ replicas: z.number() }),
    status: z.object({
      availableReplicas: z.number().catch(0),
      conditions: z.array(z.object({ type: text, status: text, message: text.catch("") })).catch(() => []),
    }),
  })
  .transform(({ metadata, spec, status }) => ({
    name: metadata.name,
    /** As it was made; as it is where an earlier release made it. None has no replicas. */
    wanted: Number(metadata.annotations[replicasAnnotation]) || Math.max(1, spec.replicas),
    replicas: spec.replicas,
    available: status.availableReplicas,
    /** Why it has no more pods, where the controller knows. */
    obstacle:
      status.conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True")?.message ?? null,
  }));

/** A Deployment of an add-on. */
export type Deployment = z.infer<typeof deployment>;

/** @throws Error that says what the answer is instead of a list of Nodes */
export const parseNodes = (json: string): ApiNode[] => itemsOf(json, apiNode);

/** @throws Error that says what the answer is instead of a list of Deployments */
export const parseDeployments = (json: string): Deployment[] => itemsOf(json, deployment);

function itemsOf<T extends z.ZodType>(json: string, item: T): z.infer<T>[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error(`${Buffer.byteLength(json)} bytes that are no JSON${json && `: ${oneLine(json.slice(0, 60))}`}`);
  }
  const { data, error } = z.object({ items: z.array(item) }).safeParse(value);
  if (data) return data.items;
  const [{ path, message } = { path: [], message: "" }] = error.issues;
  throw new Error(`${path.join(".") || "all of it"}: ${message}`);
}
