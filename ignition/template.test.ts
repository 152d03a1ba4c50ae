import { expect, test } from "vitest";
import { fill } from "./template.ts";

test("a name without a value names the file and itself", () => {
  expect(() => fill("node/kubeconfig.yaml", { user: "kubelet" })).toThrow(
    "ignition/files/node/kubeconfig.yaml names {{port}}, which has no value",
  );
});

test("a line that is only an empty value goes away", () => {
  const values = { server: "https://quay.io", mirror: "m", registry: "quay.io" };
  expect(fill("node/hosts.toml", { ...values, ca: "" })).toMatch(/"resolve"\]\n {2}override_path/);
  expect(fill("node/hosts.toml", { ...values, ca: '  ca = "x"' })).toMatch(
    /"resolve"\]\n {2}ca = "x"\n {2}override_path/,
  );
});
