import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** A condition, in CEL, that the API requires of every object of some kind, and what it says otherwise. */
export interface Rule {
  readonly apiGroup: string;
  readonly resources: readonly string[];
  readonly operations: readonly ("CREATE" | "UPDATE")[];
  readonly expression: string;
  readonly message: string;
  /** The ConfigMap of kube-system that the condition has as `params`. Without it everything is allowed. */
  readonly params?: kubernetes.core.v1.ConfigMap;
}

/**
 * A ValidatingAdmissionPolicy, and its binding, which denies.
 * @param cluster the cluster's name
 * @param name of the policy, without the domain
 */
export function createPolicy(
  cluster: string,
  name: string,
  { apiGroup, resources, operations, expression, message, params }: Rule,
  inCluster: pulumi.CustomResourceOptions,
): void {
  const policyName = `${name}.kubernetes-on-exoscale`;
  const policy = new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
    `${cluster}-${name}`,
    {
      metadata: { name: policyName },
      spec: {
        ...(params && { paramKind: { apiVersion: "v1", kind: "ConfigMap" } }),
        matchConstraints: {
          resourceRules: [
            { apiGroups: [apiGroup], apiVersions: ["v1"], operations: [...operations], resources: [...resources] },
          ],
        },
        validations: [{ expression: expression.replace(/\s+/g, " ").trim(), message }],
      },
    },
    inCluster,
  );
  new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
    `${cluster}-${name}`,
    {
      metadata: { name: policyName },
      spec: {
        policyName,
        validationActions: ["Deny"],
        ...(params && {
          paramRef: {
            name: params.metadata.name,
            namespace: params.metadata.namespace,
            parameterNotFoundAction: "Allow",
          },
        }),
      },
    },
    { ...inCluster, dependsOn: policy },
  );
}
