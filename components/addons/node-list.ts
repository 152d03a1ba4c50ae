import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { AddonArgs } from "./addon.ts";
import { createPolicy } from "./policy.ts";

const CONFIG_MAP = "kubernetes-on-exoscale-nodes";

/**
 * Kubelets may create the Nodes of the stack's machines and no others. Certificates cannot be revoked: without this, whoever has
 * the key of a worker that was removed could register it again, and get pods with their Secrets.
 *
 * Creation alone is enough: without a Node and pods bound to it, a kubelet's certificate opens nothing of theirs. A worker that is
 * being removed still reports that its pods have ended. A list that is lost allows everything, so that no healthy node is
 * locked out; `pulumi up` writes it again.
 */
export function nodeList(name: string, { nodes }: AddonArgs, inCluster: pulumi.CustomResourceOptions): void {
  const list = new kubernetes.core.v1.ConfigMap(
    `${name}-nodes`,
    {
      metadata: { name: CONFIG_MAP, namespace: "kube-system" },
      data: Object.fromEntries(nodes.map(({ name, role }) => [name, role])),
    },
    inCluster,
  );
  createPolicy(
    name,
    "node-list",
    {
      apiGroup: "",
      resources: ["nodes"],
      operations: ["CREATE"],
      expression: `
        !request.userInfo.username.startsWith('system:node:') ||
        (has(params.data) && object.metadata.name in params.data)`,
      message: `it is none of the stack's nodes, which \`pulumi up\` without \`--target\` lists in the ConfigMap ${CONFIG_MAP} of kube-system`,
      params: list,
    },
    inCluster,
  );
}
