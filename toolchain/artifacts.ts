/**
 * The catalogue of the programs and images that neither Debian nor npm provides: version, and how each is built.
 * `build.ts` builds what is missing, in this order.
 */
import packageJson from "../package.json" with { type: "json" };
import { files, images, kubernetes } from "../versions.ts";
import type { Release } from "./download.ts";
import { type Making, makeMirror } from "./mirror/mirror.ts";

export interface Artifact {
  readonly name: string;
  readonly version: string;
  /** Directory in the checkout: it is copied, and its `build.sh ARGUMENTS...` runs in the copy (recipes/README.md). */
  readonly recipe: string;
  readonly arguments?: readonly string[];
  /** A script for sh, instead of the recipe's `build.sh`. */
  readonly script?: string;
  /** A function, instead of any script. */
  readonly make?: (making: Making) => Promise<void>;
  /** Files in the checkout that are copied next to the recipe's own. */
  readonly shared?: readonly string[];
  /** Values that the result depends on, in addition to the files. */
  readonly values?: unknown;
  /** Artifacts whose files the build uses. */
  readonly needs?: readonly string[];
  /** Upstream's release, the artifact's only file; used instead of the recipe if it can be downloaded. */
  readonly release?: Release;
  /** Duration with empty caches on two cores. */
  readonly seconds: number;
  /** GB on disk that its build adds to the builds before it, caches and result. */
  readonly disk: number;
  /** GB of memory at the build's peak. */
  readonly memory: number;
}

const npm = packageJson.dependencies;
const tag = (image: string) => image.slice(image.lastIndexOf(":") + 1);
const source = ["toolchain/recipes/source.sh"];

/** What `bin/pulumi` runs if the user has no Pulumi CLI. */
export const pulumi: readonly Artifact[] = [
  {
    name: "pulumi",
    version: `v${npm["@pulumi/pulumi"]}`,
    recipe: "toolchain/recipes/pulumi",
    shared: source,
    seconds: 330,
    disk: 3.5,
    memory: 2,
  },
  ...(["tls", "random", "command"] as const).map((name) => ({
    name: `pulumi-resource-${name}`,
    version: `v${npm[`@pulumi/${name}`]}`,
    recipe: "toolchain/recipes/pulumi-plugins",
    arguments: [name],
    seconds: 50,
    disk: 0.7,
    memory: 1.5,
  })),
  {
    name: "pulumi-resource-kubernetes",
    version: `v${npm["@pulumi/kubernetes"]}`,
    recipe: "toolchain/recipes/pulumi-kubernetes",
    seconds: 600,
    disk: 4,
    memory: 4.4,
  },
];

/** Programs and images for nodes, and what the local zone serves them with. */
export const node: readonly Artifact[] = [
  {
    name: "crane",
    version: "v0.22.1",
    recipe: "toolchain/recipes/crane",
    seconds: 15,
    disk: 0.3,
    memory: 0.5,
  },
  {
    name: "coreos-cloudinit",
    version: "v1.14.0",
    recipe: "toolchain/recipes/coreos-cloudinit",
    shared: source,
    seconds: 10,
    disk: 0.2,
    memory: 0.5,
  },
  {
    name: "locksmith",
    version: "v0.6.2",
    recipe: "toolchain/recipes/locksmith",
    shared: source,
    seconds: 10,
    disk: 0.2,
    memory: 0.5,
  },
  {
    name: "update-engine",
    version: "v1",
    recipe: "zone/image/update-engine",
    script: `go build -trimpath -ldflags "-s -w" -o "$OUT/update-engine" .`,
    seconds: 5,
    disk: 0.1,
    memory: 0.5,
  },
  {
    name: "containerd",
    version: "v2.2.9",
    recipe: "toolchain/recipes/containerd",
    seconds: 80,
    disk: 1,
    memory: 1.5,
  },
  {
    name: "template",
    version: "v1",
    recipe: "zone/image",
    script: `exec ./build.sh "$OUT" "$BIN"`,
    needs: ["coreos-cloudinit", "locksmith", "update-engine", "containerd"],
    seconds: 60,
    disk: 1.5,
    memory: 0.5,
  },
  {
    name: "cni-plugins",
    version: files.cniPlugins.version,
    recipe: "toolchain/recipes/cni-plugins",
    release: files.cniPlugins,
    seconds: 20,
    disk: 0.2,
    memory: 0.5,
  },
  {
    name: "kubernetes",
    version: kubernetes,
    recipe: "toolchain/recipes/kubernetes",
    arguments: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "pause"],
    seconds: 350,
    disk: 4,
    memory: 2.7,
  },
  {
    name: "kubelet",
    version: kubernetes,
    recipe: "toolchain/recipes/kubernetes",
    arguments: ["kubelet"],
    release: files.kubelet,
    seconds: 40,
    disk: 0.5,
    memory: 2,
  },
  {
    name: "kubectl",
    version: kubernetes,
    recipe: "toolchain/recipes/kubernetes",
    arguments: ["kubectl"],
    release: files.kubectl,
    seconds: 40,
    disk: 0.5,
    memory: 1.5,
  },
  {
    name: "etcd",
    version: tag(images.etcd),
    recipe: "toolchain/recipes/etcd",
    arguments: ["3.6"],
    seconds: 45,
    disk: 0.8,
    memory: 1,
  },
  {
    name: "infra-etcd",
    version: tag(images.infraEtcd),
    recipe: "toolchain/recipes/etcd",
    arguments: ["3.5"],
    seconds: 35,
    disk: 0.8,
    memory: 1,
  },
  {
    name: "flannel",
    version: tag(images.flannel),
    recipe: "toolchain/recipes/flannel",
    shared: source,
    seconds: 90,
    disk: 0.8,
    memory: 1.5,
  },
  {
    name: "coredns",
    version: `v${tag(images.coredns)}`,
    recipe: "toolchain/recipes/coredns",
    seconds: 170,
    disk: 1.5,
    memory: 2,
  },
  {
    name: "mirror",
    version: kubernetes,
    recipe: "toolchain/mirror",
    make: makeMirror,
    values: { files, images },
    needs: ["crane", "kubernetes", "kubelet", "kubectl", "cni-plugins", "etcd", "infra-etcd", "flannel", "coredns"],
    seconds: 45,
    disk: 1,
    memory: 0.5,
  },
];

/** What this product is compared with, and checked by: built for `npm run bench` and `npm test` only, by name. */
export const bench: readonly Artifact[] = [
  {
    name: "kube-bench",
    version: "v0.15.6",
    recipe: "toolchain/recipes/kube-bench",
    seconds: 120,
    disk: 1,
    memory: 1.5,
  },
  {
    name: "kubeadm",
    version: kubernetes,
    recipe: "toolchain/recipes/kubernetes",
    arguments: ["kubeadm"],
    seconds: 90,
    disk: 2,
    memory: 1.5,
  },
  {
    name: "opentofu",
    version: "v1.10.0",
    recipe: "toolchain/recipes/opentofu",
    seconds: 180,
    disk: 3.5,
    memory: 2,
  },
];

/** Everything for `npm run up`; each stands after what it needs. */
export const artifacts: readonly Artifact[] = [...node, ...pulumi];
