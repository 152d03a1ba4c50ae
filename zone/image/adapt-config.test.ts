import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const script = new URL("files/usr/lib/containerd/adapt-config", import.meta.url).pathname;
const directory = mkdtempSync("/tmp/adapt-config-");
afterAll(() => rmSync(directory, { recursive: true }));

const cgroupRoots = { v1: join(directory, "v1"), v2: join(directory, "v2") };
for (const root of Object.values(cgroupRoots)) mkdirSync(root);
writeFileSync(join(cgroupRoots.v2, "cgroup.controllers"), "cpu memory pids\n");

function adapt(config: string, cgroups: "v1" | "v2" = "v1"): string {
  const [from, to] = [join(directory, "from.toml"), join(directory, "to.toml")];
  writeFileSync(from, config);
  execFileSync(script, [from, to], { env: { ...process.env, CGROUP_ROOT: cgroupRoots[cgroups] } });
  return readFileSync(to, "utf8");
}

const adapted = `version = 2

[plugins."io.containerd.grpc.v1.cri"]  # Kubernetes
  restrict_oom_score_adj = true
  sandbox_image = "registry.k8s.io/pause:3.10.2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = false
`;

test("what a machine cannot do is taken out, everything else stays", () => {
  const flatcars = adapted
    .replace("SystemdCgroup = false", "SystemdCgroup = true")
    .replace("  restrict_oom_score_adj = true\n", "");
  expect(adapt(flatcars)).toBe(adapted);
  expect(adapt(flatcars.replaceAll(`"io.containerd.grpc.v1.cri"`, "'io.containerd.grpc.v1.cri'"))).toBe(
    adapted.replaceAll(`"io.containerd.grpc.v1.cri"`, "'io.containerd.grpc.v1.cri'"),
  );
});

test("with cgroup v2 systemd keeps the cgroups, as on Flatcar", () => {
  const flatcars = adapted.replace("SystemdCgroup = false", "SystemdCgroup = true");
  expect(adapt(flatcars, "v2")).toBe(flatcars);
});

test("a configuration that says so already, or says the contrary, comes out the same", () => {
  expect(adapt(adapted)).toBe(adapted);
  expect(adapt(adapted.replace("restrict_oom_score_adj = true", "restrict_oom_score_adj = false"))).toBe(adapted);
});

test("a configuration that does not speak of Kubernetes gets the section", () => {
  expect(adapt("version = 2\n")).toBe(
    `version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  restrict_oom_score_adj = true\n`,
  );
});
