import { expect, test } from "vitest";
import { replicasAnnotation } from "../../node/remote/scripts.ts";
import { images } from "../../versions.ts";
import { byName } from "../testing/engine.ts";
import { addons } from "./testing/addons.ts";

test("DNS is where the kubelets say it is", async () => {
  const { spec, metadata } = byName(await addons(6), "Service")["dev-kube-dns"];
  expect(metadata).toMatchObject({ name: "kube-dns", namespace: "kube-system" });
  expect(spec.clusterIP).toBe("10.96.0.10");
});

test("DNS runs twice, on two nodes, as nobody", async () => {
  const { metadata, spec } = byName(await addons(6), "Deployment")["dev-coredns"];
  expect(spec.replicas).toBe(2);
  // By which status knows that it was scaled down.
  expect(metadata.annotations[replicasAnnotation]).toBe("2");
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

test("its owner's configuration has a place that nothing here takes back", async () => {
  const resources = await addons(6);
  const { Corefile } = byName(resources, "ConfigMap")["dev-coredns"].data;
  // In the block of the cluster's own zone and of all others, and beside it.
  expect(Corefile).toMatch(/^\.:53 \{[^]*\n {4}import custom\/\*\.override\n[^]*\n\}\nimport custom\/\*\.server\n$/);
  const pod = byName(resources, "Deployment")["dev-coredns"].spec.template.spec;
  expect(pod.volumes[1]).toEqual({ name: "custom", configMap: { name: "coredns-custom", optional: true } });
  expect(pod.containers[0].volumeMounts[1]).toMatchObject({
    name: "custom",
    mountPath: "/etc/coredns/custom",
  });
  expect(Object.keys(byName(resources, "ConfigMap"))).not.toContain("coredns-custom");
});
