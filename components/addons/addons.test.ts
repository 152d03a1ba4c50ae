import { expect, test } from "vitest";
import { byName } from "../testing/engine.ts";
import { addons } from "./testing/addons.ts";

test("names and types of resources stay: states know them by these", async () => {
  expect((await addons(6)).map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "kubernetes-on-exoscale:Addons dev",
    "kubernetes-on-exoscale:ApiEndpoint dev",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy dev-node-guard-services",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy dev-node-guard-webhooks",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy dev-node-list",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding dev-node-guard-services",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding dev-node-guard-webhooks",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding dev-node-list",
    "kubernetes:apps/v1:Deployment dev-coredns",
    "kubernetes:core/v1:ConfigMap dev-coredns",
    "kubernetes:core/v1:ConfigMap dev-nodes",
    "kubernetes:core/v1:Service dev-kube-dns",
    "kubernetes:core/v1:ServiceAccount dev-coredns",
    "kubernetes:policy/v1:PodDisruptionBudget dev-coredns",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole dev-coredns",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding dev-coredns",
    "pulumi-nodejs:dynamic/exoscale:Claim dev-api-elasticIp",
    "pulumi-nodejs:dynamic/exoscale:ElasticIp dev-api",
    "pulumi:providers:kubernetes dev",
    "pulumi:pulumi:Stack kubernetes-dev",
  ]);
});

test("neither a preview nor a repair needs the cluster", async () => {
  const provider = (await addons(6)).find(({ type }) => type === "pulumi:providers:kubernetes")!;
  // A provider's inputs travel as JSON.
  expect(provider.inputs).toMatchObject({
    enableServerSideApply: "false",
    skipUpdateUnreachable: "true",
    clusterIdentifier: "dev-api-id",
  });
});

test("all nodes of the cluster may register, by their names", async () => {
  const resources = await addons(2);
  expect(byName(resources, "ConfigMap")["dev-nodes"].data).toEqual({
    "dev-worker-1": "worker",
    "dev-worker-2": "worker",
  });
  const { metadata } = byName(resources, "ConfigMap")["dev-nodes"];
  expect(byName(resources, "ValidatingAdmissionPolicyBinding")["dev-node-list"].spec.paramRef).toEqual({
    ...metadata,
    parameterNotFoundAction: "Allow",
  });
});
