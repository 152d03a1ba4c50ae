import { parse } from "yaml";
import { describe, expect, test } from "vitest";
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

  test("keeps nothing over a reboot but locksmithd's drop-in, sshd's host key and docker's CA", () => {
    const kept = document(render())
      .write_files.map(({ path }) => path)
      .filter((path) => !path.startsWith("/run/"));
    expect(
      kept.every((path) => path === "/etc/ssh/ssh_host_ecdsa_key" || path.startsWith("/etc/docker/certs.d/")),
    ).toBe(true);
    const units = document(render())
      .coreos.units.filter(({ runtime }) => !runtime)
      .map((unit) => unit.name);
    expect(units).toEqual(["locksmithd.service"]);
  });

  test("starts one target and waits for none of its units", () => {
    const started = document(render())
      .coreos.units.filter(({ command }) => command === "start")
      .map((unit) => unit.name);
    expect(started).toEqual(["kubernetes.target"]);
  });
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
    "containerd.service",
    "drain.service",
    "flanneld.service",
    "kube-proxy",
    "kubelet.service",
    "kubernetes.target",
    "locksmithd.service",
    "protect-metadata.service",
    "reboot-window.service",
  ];
  expect(names(renderWorker(worker))).toEqual([...both, "haproxy"].sort());
  expect(names(renderMaster(master))).toEqual(
    [
      ...both,
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

test("docker's images carry the mirror in their name, containerd's keep upstream's", () => {
  const text = renderMaster({ ...master, mirror });
  expect(text).toContain(`mirror.example:5000/${images.infraEtcd}`);
  expect(text).toContain(`image: ${images.etcd}`);
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
      expect.arrayContaining([
        "network.target",
        "network-online.target",
        "containerd.service",
        "docker.service",
        "kubelet.service",
      ]),
    );
    // Ordering after a unit that is not there has no effect.
    for (const { name } of units.filter(
      ({ name, content }) => content && /docker run/.test(content) && name.endsWith(".service"),
    ))
      expect(after).toContain(name);
    // A unit that waits for the drain's start would be stopped before it.
    for (const { name, content } of units) expect(content ?? "", name).not.toMatch(/(After|Before)=.*drain\.service/);
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
