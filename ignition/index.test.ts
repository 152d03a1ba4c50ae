import { execFileSync } from "node:child_process";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { ownPorts } from "../ports.ts";
import { images } from "../versions.ts";
import { master, mirror, worker } from "./testing/fixtures.ts";
import { renderMaster, renderWorker } from "./index.ts";

interface Document {
  write_files: { path: string; permissions: string; content: string }[];
  coreos: { units: { name: string; runtime?: boolean; command?: string; content?: string }[] };
}
const document = (text: string): Document => parse(text) as Document;

describe.each([
  ["master", () => renderMaster(master)],
  ["worker", () => renderWorker(worker)],
  ["master-mirror", () => renderMaster({ ...master, mirror })],
  ["worker-mirror", () => renderWorker({ ...worker, mirror })],
])("%s", (name, render) => {
  test("renders as its golden file says", async () => {
    await expect(render()).toMatchFileSnapshot(`golden/${name}.yaml`);
  });

  test("leaves no placeholder", () => {
    expect(render()).not.toMatch(/\{\{|undefined|\[object/);
  });

  test("lets root alone read keys", () => {
    const readable = document(render()).write_files.filter(({ permissions }) => permissions !== "0600");
    for (const { path, content } of readable) expect(content, path).not.toMatch(/PRIVATE KEY|secretbox/);
  });

  test("keeps nothing over a reboot but locksmithd's drop-in and what sshd reads", () => {
    const kept = document(render())
      .write_files.map(({ path }) => path)
      .filter((path) => !path.startsWith("/run/"));
    expect(kept.sort()).toEqual([
      "/etc/ssh/authorized_keys",
      "/etc/ssh/ssh_host_ecdsa_key",
      "/etc/ssh/sshd_config.d/10-kubernetes.conf",
    ]);
    const units = document(render())
      .coreos.units.filter(({ runtime }) => !runtime)
      .map((unit) => unit.name);
    expect(units).toEqual(["locksmithd.service"]);
  });

  test("starts the certificates, then one target, and waits for none of its units", () => {
    const started = document(render())
      .coreos.units.filter(({ command }) => command === "start")
      .map((unit) => unit.name);
    expect(started).toEqual(["certificates.service", "kubernetes.target"]);
  });
});

test.each([
  ["masters", renderMaster(master)],
  ["workers", renderWorker(worker)],
] as const)("kube-proxy's pod has every port of %s for its own, and no other static pod has one", (group, text) => {
  interface Pod {
    spec: { hostNetwork: boolean; containers: { ports?: { containerPort: number; protocol?: string }[] }[] };
  }
  const pods = document(text)
    .write_files.filter(({ path }) => /\/(manifests|later)\/[^/]*\.yaml$/.test(path))
    .map(({ path, content }) => ({ path, ...(parse(content) as Pod).spec }));
  for (const { path, hostNetwork, containers } of pods) {
    expect(hostNetwork, path).toBe(true);
    expect(containers[0]!.ports?.map(({ containerPort, protocol = "TCP" }) => `${containerPort}/${protocol}`)).toEqual(
      path.endsWith("/kube-proxy.yaml")
        ? ownPorts[group].map(({ port, protocol }) => `${port}/${protocol.toUpperCase()}`)
        : undefined,
    );
  }
});

interface Component {
  metadata: { name: string };
  spec: {
    securityContext: { runAsUser: number };
    containers: { securityContext: object }[];
    volumes: { hostPath: { path: string } }[];
  };
}

test("the control plane runs as users of its own, without rights, and sees just its own files", () => {
  const components = document(renderMaster(master))
    .write_files.filter(({ path }) => /\/(manifests|later)\/kube-(?!proxy)|\/kubernetes-etcd\.yaml$/.test(path))
    .map(({ content }) => parse(content) as Component);
  expect(new Set(components.map(({ spec }) => spec.securityContext.runAsUser)).size).toBe(4);
  for (const { metadata, spec } of components) {
    const { runAsUser } = spec.securityContext;
    expect(runAsUser).toBeGreaterThan(0);
    expect(spec.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser,
      runAsGroup: runAsUser,
      seccompProfile: { type: "RuntimeDefault" },
    });
    const { name } = metadata;
    for (const { securityContext } of spec.containers)
      expect(securityContext, name).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        // Upstream's image of the apiserver: `getcap` shows cap_net_bind_service=ep, so that execve(2) fails without it.
        capabilities: { drop: ["ALL"], ...(name === "kube-apiserver" && { add: ["NET_BIND_SERVICE"] }) },
      });
    const paths = spec.volumes.map(({ hostPath }) => hostPath.path);
    expect(paths.filter((path) => path.startsWith("/run/"))).toEqual([`/run/kubernetes/pods/${name}`]);
    for (const path of paths) expect(path).toMatch(new RegExp(`^/(run/kubernetes/pods|var/log|var/lib)/${name}$`));
  }
});

test("core's account opens to the stack's keys and the people's, and to none of the instance's own", () => {
  const people = "ssh-ed25519 AAAA me@laptop";
  const files = document(
    renderWorker({ ...worker, stackPublicKeys: ["ecdsa one", "ecdsa two"], sshPublicKeys: [people] }),
  ).write_files;
  const content = (path: string) => files.find((file) => file.path === path)!.content;
  expect(content("/etc/ssh/authorized_keys")).toBe(`ecdsa one\necdsa two\n${people}\n`);
  // Of `Match` alone: root would be let in by the same file.
  expect(content("/etc/ssh/sshd_config.d/10-kubernetes.conf")).toBe(
    "Match User core\nAuthorizedKeysFile /etc/ssh/authorized_keys\nMatch all\n",
  );
});

test("apiserver and controller manager read one file: the key that signs, and behind it all that verify", () => {
  const text = renderMaster(master);
  const hex = (pem: string) => Buffer.from(pem.split("\n")[1]!, "base64").toString("hex").toUpperCase();
  expect(text.match(/pki\/service-account\.key .*/g)).toEqual([
    `pki/service-account.key ${hex(master.serviceAccountKey)} EC PRIVATE KEY`,
    `pki/service-account.key ${hex(master.otherServiceAccountKeys[0]!)} PUBLIC KEY`,
  ]);
  expect(text.match(/--service-account-\S*key-file=\S+/g)).toEqual([
    "--service-account-key-file=/run/kubernetes/pki/service-account.key",
    "--service-account-signing-key-file=/run/kubernetes/pki/service-account.key",
    "--service-account-private-key-file=/run/kubernetes/pki/service-account.key",
  ]);
});

test.each([
  ["master", renderMaster(master)],
  ["worker", renderWorker(worker)],
])("a %s's scripts, which lose their indentation, are bash", (_, text) => {
  const scripts = document(text).write_files.filter(({ path }) => path.includes("/bin/"));
  expect(scripts.length).toBeGreaterThan(10);
  for (const { path, content } of scripts) {
    expect(content, path).not.toMatch(/^[ \t]/m);
    execFileSync("bash", ["-n"], { input: content });
  }
});

test("each role runs its own units and pods", () => {
  const names = (text: string): string[] => {
    const { write_files, coreos } = document(text);
    return [
      ...write_files.flatMap(({ path }) => /(?:manifests|later)\/(.*)\.yaml/.exec(path)?.slice(1) ?? []),
      ...coreos.units.map(({ name }) => name),
    ].sort();
  };
  const both = [
    "certificates.service",
    "containerd.service",
    "drain.service",
    "flanneld.service",
    "kube-proxy",
    "kubelet.service",
    "kubernetes.target",
    "locksmithd.service",
    "membership.service",
    "node-firewall.service",
    "reboot-window.service",
  ];
  expect(names(renderWorker(worker))).toEqual([...both, "haproxy"].sort());
  expect(names(renderMaster(master))).toEqual(
    [
      ...both,
      "api-ready.service",
      "bootstrap.service",
      "flannel-config.service",
      "infra-etcd.service",
      "kube-apiserver",
      "kube-controller-manager",
      "kube-scheduler",
      "kubernetes-etcd",
      "kubernetes-etcd-join.service",
    ].sort(),
  );
});

test("a mirror without the checksum of a file is refused by the file's name", () => {
  expect(() => renderWorker({ ...worker, mirror: { ...mirror, checksums: {} } })).toThrow(
    /no sha256 of dl\.k8s\.io.*kubelet: the manifest that mirror\.checksums names has no line for it/,
  );
});

test("images keep upstream's names: containerd knows the mirror of each registry", () => {
  const text = renderMaster({ ...master, mirror });
  for (const image of [images.infraEtcd, images.flannel, images.etcd]) expect(text).toContain(` ${image}`);
  for (const registry of ["quay.io", "ghcr.io", "registry.k8s.io"])
    expect(text).toContain(`https://mirror.example:5000/v2/${registry}`);
});

describe.each([
  ["master", renderMaster(master)],
  ["worker", renderWorker(worker)],
])("a %s's units", (_, text) => {
  const { units } = document(text).coreos;
  const unit = (name: string) => units.find((each) => each.name === name)!.content!;

  test("stop in the reverse order: the drain before everything that it needs", () => {
    const after = /^After=(.*)$/m.exec(unit("drain.service"))![1]!.split(" ");
    expect(after).toEqual(
      expect.arrayContaining(["network.target", "network-online.target", "containerd.service", "kubelet.service"]),
    );
    // Ordering after a unit that is not there has no effect.
    for (const { name } of units.filter(({ content }) => content?.includes("DynamicUser=yes")))
      expect(after).toContain(name);
    // A unit that waits for the drain's start would be stopped before it.
    for (const { name, content } of units) expect(content ?? "", name).not.toMatch(/(After|Before)=.*drain\.service/);
  });

  test("do not wait for dockerd, which is started beside them", () => {
    for (const { name, content } of units) {
      const waiting = /^(After|Requires|BindsTo)=.*docker/m;
      expect(content ?? "", name).not.toMatch(waiting);
      expect(content ?? "", name).not.toContain("/docker");
    }
    expect(unit("kubernetes.target")).toMatch(/^Wants=docker\.service /m);
  });

  test("that hold infra-etcd's certificates run without root, and see no other file of pki", () => {
    const sandboxed = units.filter(({ name }) => /^(infra-etcd|flanneld)\.service$/.test(name));
    expect(sandboxed.length).toBeGreaterThan(0);
    for (const { name, content } of sandboxed) {
      expect(content, name).toMatch(/^DynamicUser=yes$/m);
      expect([...content!.matchAll(/\S*\/pki\S*/g)].map(([text]) => text)).toEqual(
        ["infra-etcd-ca.crt", "infra-etcd.crt", "infra-etcd.key"].map(
          (file) => `LoadCredential=${file}:/run/kubernetes/pki/${file}`,
        ),
      );
      expect(/^CapabilityBoundingSet=(.*)$/m.exec(content!)![1], name).toBe(
        name === "flanneld.service" ? "CAP_NET_ADMIN CAP_NET_RAW" : "",
      );
    }
  });

  test("give the drain enough time", () => {
    expect(unit("drain.service")).toMatch(/^TimeoutStopSec=450$/m);
    expect(unit("drain.service")).toMatch(/^Type=oneshot\nRemainAfterExit=yes$/m);
  });

  test("never start locksmithd: bin/reboot-window does", () => {
    const target = unit("kubernetes.target");
    expect(target).toMatch(/^Wants=.*drain\.service.*reboot-window\.service/m);
    expect(target).not.toContain("locksmithd");
    const locksmithd = units.find(({ name }) => name === "locksmithd.service") as unknown as {
      command: string;
      drop_ins: { content: string }[];
    };
    expect(locksmithd.command).toBe("stop");
    // Its own window cannot be 24 hours, and does not count while it waits for the lock.
    expect(locksmithd.drop_ins[0]!.content).not.toContain("REBOOT_WINDOW");
    expect(locksmithd.drop_ins[0]!.content).toMatch(/^ConditionPathExists=\/run\/kubernetes\/reboot-window\.open$/m);
    expect(locksmithd.drop_ins[0]!.content).toMatch(/^EnvironmentFile=\nEnvironment=REBOOT_STRATEGY=etcd-lock$/m);
  });
});

test("the kubelet leaves graceful shutdown to the drain", () => {
  expect(renderWorker(worker)).not.toContain("shutdownGracePeriod");
});

test.each([
  ["master", renderMaster(master)],
  ["worker", renderWorker(worker)],
])("root alone reads a %s's manifests and kubelet.yaml", (_, text) => {
  const { write_files, coreos } = document(text);
  const closed = write_files.filter(({ path }) => /\/(manifests\/[^/]*|kubelet\.yaml)$/.test(path));
  expect(closed.length).toBeGreaterThanOrEqual(3);
  for (const { path, permissions } of closed) expect(permissions, path).toBe("0600");
  // Those that are put among them later. bin/etcd-join: test/node/pod-files.host.test.ts.
  const scripts = [...write_files, ...coreos.units].map(({ content = "" }) => content).join("\n");
  for (const [, mode] of scripts.matchAll(/install -D -m (\d+) -t \/run\/kubernetes\/manifests/g))
    expect(mode).toBe("0600");
});
