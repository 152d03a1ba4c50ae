import { expect, test } from "vitest";
import { images } from "../../versions.ts";
import { Addons } from "./addons.ts";
import { ApiEndpoint } from "../api-endpoint.ts";
import { byName, run } from "../testing/engine.ts";

const addons = async (nodes: number, kubernetesCA = "CA") => {
  const { resources } = await run(() => {
    const endpoint = new ApiEndpoint("dev", { api: { endpoint: "http://127.0.0.1/v2", zone: "ch-gva-2" } });
    return new Addons("dev", {
      kubeconfig: "{}",
      kubernetesCA,
      endpoint,
      serviceCIDR: "10.96.0.0/16",
      ready: [endpoint],
      nodes,
    });
  });
  return resources;
};

test("DNS is where the kubelets say it is", async () => {
  const { spec, metadata } = byName(await addons(6), "Service")["dev-kube-dns"];
  expect(metadata).toMatchObject({ name: "kube-dns", namespace: "kube-system" });
  expect(spec.clusterIP).toBe("10.96.0.10");
});

test("DNS runs twice, on two nodes, as nobody", async () => {
  const { spec } = byName(await addons(6), "Deployment")["dev-coredns"];
  expect(spec.replicas).toBe(2);
  const pod = spec.template.spec;
  expect(pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey).toBe(
    "kubernetes.io/hostname",
  );
  expect(pod.containers[0]).toMatchObject({
    image: images.coredns,
    securityContext: { runAsNonRoot: true, capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] } },
  });
  expect(byName(await addons(6), "PodDisruptionBudget")["dev-coredns"].spec.maxUnavailable).toBe(1);
});

test("a single node gets a single replica: the second would never start", async () => {
  expect(byName(await addons(1), "Deployment")["dev-coredns"].spec.replicas).toBe(1);
});

test("DNS starts anew when other authorities are trusted: it reads them once", async () => {
  const annotations = async (ca: string) =>
    byName(await addons(6, ca), "Deployment")["dev-coredns"].spec.template.metadata.annotations;
  expect(await annotations("CA")).toEqual(await annotations("CA"));
  expect(await annotations("CA")).not.toEqual(await annotations("CA, and the next"));
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
