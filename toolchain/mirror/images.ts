/** What each image contains. Paths, PATH, entrypoint and command are upstream's. */
import type { ImageName } from "../../versions.ts";

/** A file in an image. */
export interface Program {
  readonly artifact: string;
  readonly file: string;
  /** Absolute path in the image. */
  readonly path: string;
}

export interface Content {
  readonly base?: keyof typeof bases;
  readonly programs?: readonly Program[];
  readonly path: string;
  readonly entrypoint?: string;
  readonly command?: string;
}

/** What an image takes from Debian. */
export interface Base {
  /** Debian's release that the packages are of. */
  readonly release: "bookworm" | "trixie";
  readonly packages: readonly string[];
  /** Symbolic links, path -> target, that the packages' scripts or Debian's base system would make. */
  readonly links?: Readonly<Record<string, string>>;
  /** A command, run in the unpacked base. */
  readonly setup?: readonly string[];
}

/** Unpacked Debian packages, for programs that need more than their own file. */
export const bases = {
  /** Programs that write packet filter rules, of the release of the local zone's nodes, which read them too. */
  netfilter: {
    release: "bookworm",
    packages: ["nftables", "iptables", "conntrack"],
    links: Object.fromEntries(
      ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"].map(
        (name) => [`/usr/sbin/${name}`, "xtables-nft-multi"],
      ),
    ),
  },
  /** Its haproxy is the version in versions.ts. */
  haproxy: { release: "trixie", packages: ["haproxy"], links: { "/lib64": "usr/lib64" } },
  busybox: { release: "bookworm", packages: ["busybox-static"], setup: ["/bin/busybox", "--install", "-s", "/bin"] },
} as const satisfies Record<string, Base>;

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Upstream's images start a runner that executes its arguments. Without an entrypoint it is the same: a pod's
// `command: [kube-apiserver, ...]` and `args: [kube-apiserver, ...]` both work.
const kubernetesImage = (name: string, base?: keyof typeof bases): Content => ({
  base,
  programs: [{ artifact: "kubernetes", file: name, path: `/usr/local/bin/${name}` }],
  path: systemPath,
  command: `/usr/local/bin/${name}`,
});

const etcdImage = (artifact: string): Content => ({
  programs: ["etcd", "etcdctl", "etcdutl"].map((file) => ({ artifact, file, path: `/usr/local/bin/${file}` })),
  path: systemPath,
  command: "/usr/local/bin/etcd",
});

/** Images that versions.ts does not name, by full name: something small to run on a new cluster. */
export const extras: Readonly<Record<string, Content>> = {
  "docker.io/library/busybox:1.35.0": { base: "busybox", path: systemPath, command: "sh" },
};

export const contents: Readonly<Record<ImageName, Content>> = {
  apiserver: kubernetesImage("kube-apiserver"),
  controllerManager: kubernetesImage("kube-controller-manager"),
  scheduler: kubernetesImage("kube-scheduler"),
  proxy: kubernetesImage("kube-proxy", "netfilter"),
  pause: {
    programs: [{ artifact: "kubernetes", file: "pause", path: "/pause" }],
    path: systemPath,
    entrypoint: "/pause",
  },
  etcd: etcdImage("etcd"),
  infraEtcd: etcdImage("infra-etcd"),
  flannel: {
    base: "netfilter",
    programs: [{ artifact: "flannel", file: "flanneld", path: "/opt/bin/flanneld" }],
    path: systemPath,
    entrypoint: "/opt/bin/flanneld",
  },
  haproxy: { base: "haproxy", path: systemPath, entrypoint: "haproxy" },
  coredns: {
    programs: [{ artifact: "coredns", file: "coredns", path: "/coredns" }],
    path: systemPath,
    entrypoint: "/coredns",
  },
};
