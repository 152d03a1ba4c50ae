import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { files, images } from "../versions.ts";
import { type Artifact, artifacts as shared, bench, node, pulumi } from "./artifacts.ts";
import { bases, contents } from "./mirror/images.ts";
import { root } from "./paths.ts";

const artifacts = [...shared, ...bench];
const named = (name: string): Artifact | undefined => artifacts.find((artifact) => artifact.name === name);

test("names are unique, and needs stand before what needs them", () => {
  const seen = new Set<string>();
  for (const { name, needs } of artifacts) {
    expect(seen).not.toContain(name);
    for (const need of needs ?? []) expect(seen, `${name} needs ${need}`).toContain(need);
    seen.add(name);
  }
});

test("the nodes' artifacts get along without Pulumi's", () => {
  const own = new Set(pulumi.map(({ name }) => name));
  for (const { needs } of node) for (const need of needs ?? []) expect(own).not.toContain(need);
});

test("every recipe is there", () => {
  for (const { name, recipe, make, script, shared } of artifacts) {
    expect(existsSync(join(root, recipe)), `${name}: ${recipe}`).toBe(true);
    if (!make && !script) expect(existsSync(join(root, recipe, "build.sh")), `${name}: ${recipe}/build.sh`).toBe(true);
    for (const file of shared ?? []) expect(existsSync(join(root, file)), file).toBe(true);
  }
});

test("every file of versions.ts has an artifact that makes it, and upstream's release where its sum is known", () => {
  for (const file of Object.values(files)) {
    const artifact = artifacts.find(({ release }) => release?.address === file.address);
    expect(artifact?.version).toBe(file.version);
    expect(artifact?.release?.sha256).toBe(file.sha256);
    expect(named("mirror")?.needs).toContain(artifact?.name);
  }
});

test("every image of versions.ts has contents from artifacts the mirror asks for", () => {
  expect(Object.keys(contents).sort()).toEqual(Object.keys(images).sort());
  for (const { programs, base } of Object.values(contents)) {
    for (const { artifact } of programs ?? []) expect(named("mirror")?.needs).toContain(artifact);
    expect(programs !== undefined || base !== undefined).toBe(true);
    if (base) expect(Object.keys(bases)).toContain(base);
  }
});

// Module that a recipe's go.mod pins -> the version it has to be.
const pins: Record<string, readonly [goMod: string, module: string, version: string]> = {
  crane: ["crane", "github.com/google/go-containerregistry", named("crane")!.version],
  cniPlugins: ["cni-plugins", "github.com/containernetworking/plugins", files.cniPlugins.version],
  kubernetes: ["kubernetes", "k8s.io/kubernetes", files.kubelet.version],
  etcd: ["etcd/3.6", "go.etcd.io/etcd/server/v3", named("etcd")!.version],
  infraEtcd: ["etcd/3.5", "go.etcd.io/etcd/server/v3", named("infra-etcd")!.version],
  coredns: ["coredns", "github.com/coredns/coredns", named("coredns")!.version],
  containerd: ["containerd", "github.com/containerd/containerd/v2", named("containerd")!.version],
  locksmith: ["locksmith", "github.com/coreos/locksmith", named("locksmith")!.version],
  cloudinit: ["coreos-cloudinit", "github.com/coreos/coreos-cloudinit", named("coreos-cloudinit")!.version],
  pulumi: ["pulumi/cli", "github.com/pulumi/pulumi/pkg/v3", `v${packageJson.dependencies["@pulumi/pulumi"]}`],
  opentofu: ["opentofu", "github.com/opentofu/opentofu", named("opentofu")!.version],
  languageHost: [
    "pulumi/language-nodejs",
    "github.com/pulumi/pulumi/sdk/v3",
    `v${packageJson.dependencies["@pulumi/pulumi"]}`,
  ],
};

test.each(Object.entries(pins))(
  "go.mod of %s pins the version that is asked for",
  async (_name, [directory, module, version]) => {
    const text = await readFile(join(root, "toolchain/recipes", directory, "go.mod"), "utf8");
    const lines = text.split("\n").map((line) =>
      line
        .replace(/^(require|tool)\s+/, "")
        .trim()
        .split(/\s+/),
    );
    expect(lines.find(([name, found]) => name === module && found?.startsWith("v"))?.[1]).toBe(version);
  },
);

test("pause is stamped with its image's tag", async () => {
  const recipe = await readFile(join(root, "toolchain/recipes/kubernetes/build.sh"), "utf8");
  expect(recipe).toContain(`-DVERSION=v${images.pause.split(":")[1]} `);
});

test("a release keeps its name in the artifact", () => {
  expect(basename(files.kubelet.address)).toBe("kubelet");
});
