import { parseAllDocuments } from "yaml";
import { expect, test } from "vitest";
import { images } from "../../versions.ts";
import { documents, makeSecrets, type Role } from "./documents.ts";

const of = (role: Role) =>
  parseAllDocuments(
    documents({
      role,
      endpointName: "api.bench.internal",
      secrets: makeSecrets(),
      podCIDR: "10.244.0.0/16",
      serviceCIDR: "10.96.0.0/16",
    }),
  ).map((each) => each.toJS());

test("the first master uses the same images as our clusters", () => {
  const { etcd, dns } = of("first").find(({ kind }) => kind === "ClusterConfiguration");
  expect(`${etcd.local.imageRepository}/etcd:${etcd.local.imageTag}`).toBe(images.etcd);
  expect(`${dns.imageRepository}/coredns:${dns.imageTag}`).toBe(images.coredns);
});

test("masters join the control plane, workers do not", () => {
  expect(of("master")[0].controlPlane.certificateKey).toMatch(/^[0-9a-f]{64}$/);
  expect(of("worker")[0]).not.toHaveProperty("controlPlane");
});

test("the token has kubeadm's format", () => {
  expect(makeSecrets().token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
});
