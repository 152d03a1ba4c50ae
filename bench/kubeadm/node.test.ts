import { parse } from "yaml";
import { expect, test } from "vitest";
import { encodeUserData, userDataLimit } from "../../exoscale/user-data.ts";
import { files } from "../../versions.ts";
import { makeSecrets, type Role } from "./documents.ts";
import { renderKubeadmNode } from "./node.ts";

const rendered = (role: Role, endpoint: string): string =>
  renderKubeadmNode({
    name: "kubeadm-1",
    role,
    endpoint,
    secrets: makeSecrets(),
    podCIDR: "10.244.0.0/16",
    serviceCIDR: "10.96.0.0/16",
    mirror: {
      files: "https://198.18.0.1:8443",
      registries: "198.18.0.1:5000",
      ca: "-----BEGIN CERTIFICATE-----",
      checksums: Object.fromEntries(Object.values(files).map(({ address }) => [address, "0".repeat(64)])),
    },
    kubeadm: { url: "https://198.18.0.1:8443/kubeadm", sha256: "1".repeat(64) },
  });
const filesOf = (text: string) =>
  new Map(
    (parse(text) as { write_files: { path: string; content: string }[] }).write_files.map(({ path, content }) => [
      path,
      content,
    ]),
  );

test("the first master initializes and brings the network, the others join it by its address", () => {
  const first = filesOf(rendered("first", ""));
  expect(first.get("/run/kubernetes/bin/kubeadm-node")).toContain(
    "kubeadm init --config /run/kubernetes/kubeadm.yaml --upload-certs",
  );
  expect([...first.keys()]).toContain("/run/kubernetes/flannel.yaml");
  for (const role of ["master", "worker"] as const) {
    const other = filesOf(rendered(role, "198.18.1.1"));
    expect(other.get("/run/kubernetes/bin/kubeadm-node")).toMatch(/^endpoint=198\.18\.1\.1$[^]*kubeadm join --config/m);
    expect([...other.keys()]).not.toContain("/run/kubernetes/flannel.yaml");
  }
});

test("kubeadm is verified as everything else is", () => {
  expect(filesOf(rendered("worker", "198.18.1.1")).get("/run/kubernetes/bin/kubeadm-node")).toContain(
    `fetch /opt/bin/kubeadm ${"1".repeat(64)} https://198.18.0.1:8443/kubeadm`,
  );
});

test("it fits", () => {
  expect(encodeUserData(rendered("first", "")).length).toBeLessThan(userDataLimit);
});
