/**
 * Tries, without writing anything, what nodes and the control plane have to write: a webhook, a policy, a quota or a limit may
 * refuse it, and then a node stays cordoned or is not Ready although nothing is wrong with it.
 */
import { z } from "zod";
import type { Culprit, Refusal } from "./answers.ts";
import type { Kubectl } from "./ask-api.ts";

/** Milliseconds: longer than a webhook may take by default. */
const timeout = 12_000;

interface Write {
  /** As in “refuses ...”. */
  readonly write: string;
  readonly args: readonly string[];
  readonly input?: string;
}

const patch = (write: string, ...args: readonly string[]): Write => ({
  write,
  args: ["patch", ...args, "--type=merge", "--patch={}", "--dry-run=server"],
});

/** @param node the name of any Node */
function writesOf(node: string): Write[] {
  return [
    patch("changes of a Node", "node", node),
    patch("the status of a Node", "node", node, "--subresource=status"),
    patch("a node's lease", "lease", node, "--namespace=kube-node-lease"),
    patch("the control plane's lease", "lease", "kube-controller-manager", "--namespace=kube-system"),
    patch("the nodes' roles", "clusterrolebinding", "kubernetes-on-exoscale:node-reader"),
    {
      write: "a node's own pods",
      args: ["create", "--raw", "/api/v1/namespaces/kube-system/pods?dryRun=All", "--filename=-"],
      input: JSON.stringify(staticPod(node)),
    },
  ];
}

/** As a kubelet shows the API its kube-apiserver. */
const staticPod = (node: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `status-${node}`,
    namespace: "kube-system",
    annotations: { "kubernetes.io/config.mirror": "status" },
  },
  spec: {
    nodeName: node,
    hostNetwork: true,
    priorityClassName: "system-node-critical",
    containers: [{ name: "status", image: "status", resources: { requests: { cpu: "200m", memory: "300Mi" } } }],
  },
});

/** @param node the name of any Node; without one there is nothing to try */
export async function askRefusals(kubectl: Kubectl, node: string | undefined): Promise<Refusal[]> {
  if (node === undefined) return [];
  const tried = await Promise.all(writesOf(node).map((write) => attempt(kubectl, write)));
  const refused = tried.filter((each) => each !== undefined);
  if (refused.length === 0) return [];
  const suspects = await readSuspects(kubectl);
  return refused.map(({ write, message }) => ({ write, message, by: culpritOf(message, suspects) }));
}

/** @returns undefined if it is not refused, or could not be tried */
async function attempt(
  kubectl: Kubectl,
  { write, args, input }: Write,
): Promise<{ write: string; message: string } | undefined> {
  const { code, stderr } = await kubectl(args, timeout, input);
  if (code === 0) return undefined;
  const [, message = ""] = /^(?:Error from server.*?|The \S+ "\S+" is invalid): (.*)/ms.exec(stderr.trim()) ?? [];
  const isRefusal =
    /webhook "|^Error from server \((Forbidden|Invalid|BadRequest)\)|^The .* is invalid: /m.test(stderr) &&
    // What this kubeconfig may do says nothing of nodes.
    !/ User ".*" cannot /.test(stderr);
  return isRefusal && message ? { write, message: message.replace(/\s+/g, " ") } : undefined;
}

interface Suspects {
  readonly webhooks: readonly {
    readonly name: string;
    readonly culprit: Omit<Culprit, "silentWebhook">;
    readonly index: number;
  }[];
  /** Names of the LimitRanges in kube-system. */
  readonly limitRanges: readonly string[];
}

const configurations = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      webhooks: z.array(z.object({ name: z.string() })).catch([]),
    }),
  ),
});

async function readSuspects(kubectl: Kubectl): Promise<Suspects> {
  const list = async (path: string) => {
    const { stdout } = await kubectl(["get", "--raw", path], timeout);
    try {
      return configurations.parse(JSON.parse(stdout)).items;
    } catch {
      return [];
    }
  };
  const registration = "/apis/admissionregistration.k8s.io/v1";
  const [validating, mutating, limitRanges] = await Promise.all([
    list(`${registration}/validatingwebhookconfigurations`),
    list(`${registration}/mutatingwebhookconfigurations`),
    list("/api/v1/namespaces/kube-system/limitranges"),
  ]);
  const webhooksOf = (kind: Culprit["kind"], items: typeof validating): Suspects["webhooks"] =>
    items.flatMap(({ metadata, webhooks }) =>
      webhooks.map(({ name }, index) => ({ name, culprit: { kind, name: metadata.name, namespace: null }, index })),
    );
  return {
    webhooks: [
      ...webhooksOf("validatingwebhookconfiguration", validating),
      ...webhooksOf("mutatingwebhookconfiguration", mutating),
    ],
    limitRanges: limitRanges.map(({ metadata }) => metadata.name),
  };
}

function culpritOf(message: string, { webhooks, limitRanges }: Suspects): Culprit | null {
  const own = { namespace: "kube-system", silentWebhook: null } as const;
  const named = (pattern: RegExp) => pattern.exec(message)?.[1];
  const webhook = named(/webhook "([^"]+)"/);
  if (webhook !== undefined) {
    const found = webhooks.find(({ name }) => name === webhook);
    if (!found) return null;
    const isSilent = message.includes("failed calling webhook");
    return { ...found.culprit, silentWebhook: isSilent ? found.index : null };
  }
  const binding = named(/with binding '([^']+)' denied/);
  if (binding !== undefined)
    return { kind: "validatingadmissionpolicybinding", name: binding, namespace: null, silentWebhook: null };
  const quota = named(/(?:exceeded|failed) quota: ([a-z0-9.-]+)/);
  if (quota !== undefined) return { kind: "resourcequota", name: quota, ...own };
  // The message names the limit, and not whose it is.
  if (/ (usage|ratio) per (Container|Pod) | limit of /.test(message) && limitRanges[0] !== undefined)
    return { kind: "limitrange", name: limitRanges[0], ...own };
  return null;
}
