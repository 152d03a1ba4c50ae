import { expect, test } from "vitest";
import { addons } from "./testing/addons.ts";

test("names and types of resources stay: states know them by these", async () => {
  expect((await addons(6)).map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "kubernetes-on-exoscale:Addons dev",
    "kubernetes-on-exoscale:ApiEndpoint dev",
    "kubernetes:apps/v1:Deployment dev-coredns",
    "kubernetes:core/v1:ConfigMap dev-coredns",
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
