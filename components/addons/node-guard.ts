import type * as pulumi from "@pulumi/pulumi";
import { ownPorts } from "../../ports.ts";
import type { AddonArgs } from "./addon.ts";
import { createPolicy, type Rule } from "./policy.ts";

const own = [...ownPorts.masters, ...ownPorts.workers];
const numbers = (protocol: "tcp" | "udp"): string =>
  [...new Set(own.filter((each) => each.protocol === protocol).map(({ port }) => port))]
    .sort((a, b) => a - b)
    .join(", ");

/**
 * A Service may name any address as its own, and kube-proxy then takes that address' packets on every node: with a
 * master's and the API's port, every worker would lose the API.
 */
const services: Rule = {
  apiGroup: "",
  resources: ["services"],
  operations: ["CREATE", "UPDATE"],
  expression: `
    !has(object.spec.externalIPs) || size(object.spec.externalIPs) == 0 || object.spec.ports.all(port,
      !(port.protocol == 'TCP' && port.port in [${numbers("tcp")}]) &&
      !(port.protocol == 'UDP' && port.port in [${numbers("udp")}]))`,
  message: `a Service with externalIPs may not have a port of the nodes' own: ${numbers("tcp")} (TCP), ${numbers("udp")} (UDP)`,
};

/** Whether a selector leaves anything out. */
const selects = (selector: string): string =>
  `(has(${selector}) && (has(${selector}.matchLabels) || has(${selector}.matchExpressions)))`;

/**
 * A webhook that fails closed refuses everything while its backend is down. Where it decides over leases and Nodes, that is
 * the word of every kubelet that its node is Ready. A selector or a condition may leave these out, which cannot be seen here.
 */
const webhooks: Rule = {
  apiGroup: "admissionregistration.k8s.io",
  resources: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
  operations: ["CREATE", "UPDATE"],
  expression: `
    !has(object.webhooks) || object.webhooks.all(webhook,
      (has(webhook.failurePolicy) && webhook.failurePolicy == 'Ignore') ||
      (has(webhook.matchConditions) && size(webhook.matchConditions) > 0) ||
      ${selects("webhook.objectSelector")} ||
      !has(webhook.rules) || webhook.rules.all(rule, !(
        rule.operations.exists(each, each in ['*', 'CREATE', 'UPDATE']) && (
          (rule.apiGroups.exists(each, each in ['*', '']) &&
            rule.resources.exists(each, each in ['*', '*/*', '*/status', 'nodes', 'nodes/*', 'nodes/status']) &&
            !(has(rule.scope) && rule.scope == 'Namespaced')) ||
          (rule.apiGroups.exists(each, each in ['*', 'coordination.k8s.io']) &&
            rule.resources.exists(each, each in ['*', '*/*', 'leases']) &&
            !(has(rule.scope) && rule.scope == 'Cluster') &&
            !${selects("webhook.namespaceSelector")})))))`,
  message:
    "a webhook with failurePolicy Fail may not decide over Nodes or over the leases of all namespaces: without its backend " +
    "every node would become NotReady. Give it failurePolicy Ignore; or rules with scope Namespaced, and a namespaceSelector " +
    "without kube-system and kube-node-lease; or matchConditions without the group system:nodes",
};

/** What the API refuses because it would take the nodes' own traffic or their word. */
export function nodeGuard(name: string, _args: AddonArgs, inCluster: pulumi.CustomResourceOptions): void {
  createPolicy(name, "node-guard-services", services, inCluster);
  createPolicy(name, "node-guard-webhooks", webhooks, inCluster);
}
