/** What a cluster answers when it is asked, read so that one strange answer does not cost the others. */
import { z } from "zod";
import { lockReport, nodeReport, updateReport, windowReport } from "../node/remote/report.ts";

/** Everything that was asked for, with what came back. */
export interface Answers {
  /** The stack's name. */
  readonly cluster: string;
  readonly at: Date;
  /** The Kubernetes API's URL at the elastic IP. */
  readonly endpoint: string;
  /** Every node that the stack has. */
  readonly nodes: readonly NodeAnswer[];
  readonly api: { readonly nodes: readonly ApiNode[] } | { readonly silence: string };
  /** Whether a Pulumi CLI works on this stack; null where the backend is not this machine's and nobody can tell. */
  readonly isPulumiRunning: boolean | null;
  /** Hours before a certificate's end from which `pulumi up` renews it. */
  readonly renewBefore: number;
  /** When the certificate in the kubeconfig ends, ISO 8601. */
  readonly kubeconfigNotAfter: string;
}

export interface NodeAnswer {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** Its report; or why it did not answer over SSH; or why it answered and no report came. */
  readonly answer: { readonly report: Report } | { readonly silence: string } | { readonly refusal: string };
}

export type Role = "master" | "worker";

/** A part that is not there, or not as it is known here, is null. */
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

/** The parts of `NodeReport` that are used, each null where the node has an older report or could not tell. */
export type Report = z.infer<typeof reportSchema>;

/** @throws Error when it is no JSON object */
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

/** A Node object, as far as it is used. */
export type ApiNode = z.infer<typeof nodeList>["items"][number];

/** @throws Error when it is no list of Nodes */
export function parseNodes(json: string): ApiNode[] {
  return nodeList.parse(JSON.parse(json)).items;
}
