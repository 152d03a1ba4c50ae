/** The answers of a cluster. Parsed part by part, so that one invalid part does not lose the others. */
import { z } from "zod";
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
  readonly api: { readonly nodes: readonly ApiNode[] } | { readonly silence: string };
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
}

export type Role = "master" | "worker";

/** Null for a part that is missing or invalid. */
const known = <T extends z.ZodType>(type: T) => type.nullable().catch(null);
const text = z.string();

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

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: text,
        labels: z.record(text, text).default({}),
        annotations: z.record(text, text).default({}),
        managedFields: z
          .array(z.object({ manager: text.optional(), time: text.optional(), fieldsV1: z.unknown() }))
          .default([]),
      }),
      spec: z.object({ unschedulable: z.boolean().default(false) }),
      status: z.object({
        addresses: z.array(z.object({ type: text, address: text })).default([]),
        conditions: z
          .array(z.object({ type: text, status: text, lastTransitionTime: text, message: text.default("") }))
          .default([]),
        nodeInfo: z.object({ machineID: text, kubeletVersion: text }),
      }),
    }),
  ),
});

/** The fields of a Node object that status uses. */
export type ApiNode = z.infer<typeof nodeList>["items"][number];

/** @throws Error if it is not a list of Nodes */
export function parseNodes(json: string): ApiNode[] {
  return nodeList.parse(JSON.parse(json)).items;
}
