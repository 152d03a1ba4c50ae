import { expect, test } from "vitest";
import { encodeUserData, userDataLimit } from "../../exoscale/user-data.ts";
import { environmentOf, filesOf } from "../../ignition/testing/node.ts";
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

test("the first master initializes and installs the network, the others join by its address", () => {
  const first = filesOf(rendered("first", ""));
  expect(first.get("node.env")).toMatch(/^ROLE='first'$/m);
  expect([...first.keys()]).toContain("flannel.yaml");
  for (const role of ["master", "worker"] as const) {
    const other = filesOf(rendered(role, "198.18.1.1"));
    expect(other.get("node.env")).toMatch(new RegExp(`^ROLE='${role}'$[^]*^ENDPOINT='198\\.18\\.1\\.1'$`, "m"));
    expect([...other.keys()]).not.toContain("flannel.yaml");
  }
});

test("kubeadm is verified by its checksum", () => {
  const files = filesOf(rendered("worker", "198.18.1.1"));
  expect(files.get("node.env")).toContain(
    `KUBEADM_URL='https://198.18.0.1:8443/kubeadm'\nKUBEADM_SHA256='${"1".repeat(64)}'\n`,
  );
  expect(files.get("bin/kubeadm-node")).toContain('fetch /opt/bin/kubeadm "$KUBEADM_SHA256" "$KUBEADM_URL"');
});

test.each(["master", "worker"] as const)("a %s sets exactly the variables that its scripts read", (role) => {
  const { set, read } = environmentOf(rendered(role, "198.18.1.1"));
  // Read only by functions of node/common that kubeadm's nodes do not call.
  expect(set).toEqual(read.filter((name) => !["API_PORT", "NODE_NAME"].includes(name)));
});

test("the first master's user-data stays below the size limit", () => {
  expect(encodeUserData(rendered("first", "")).length).toBeLessThan(userDataLimit);
});
