/**
 * Machines on cgroup v2, in a separate mount namespace of a host with v1. The controllers stay with v1, so there are no
 * limits, and no kubelet, which needs them.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { containerName } from "./container.ts";
import { zoneId } from "./docker.ts";
import type { Trial } from "./testing/cgroup2.ts";
import { artifact, gateway, instance, template } from "./testing/machines.ts";

const one = instance(1);
const questions = [
  "for n in $(seq 50); do systemctl is-system-running --wait 2>/dev/null && break; sleep 0.2; done | tail --lines=1",
  "stat --file-system --format=%T /sys/fs/cgroup",
  "ls /etc/kubernetes/kubelet.conf.d",
  "grep -o 'SystemdCgroup = .*' /run/containerd/config.toml",
  "docker info --format '{{.CgroupDriver}} {{.CgroupVersion}}' 2>/dev/null",
  "tar -c /usr/bin/tini-static 2>/dev/null | docker import - tiny >/dev/null && docker run --rm tiny /usr/bin/tini-static --version | cut -d' ' -f1",
];

test.skipIf(existsSync("/sys/fs/cgroup/cgroup.controllers"))(
  "with cgroup v2 a machine boots, runs containers under systemd's driver, and hangs when it is to",
  async () => {
    const state = mkdtempSync("/tmp/exoscale-machines-");
    onTestFinished(() => rmSync(state, { recursive: true, force: true }));
    const input: Trial = {
      options: { state, network: "exotest", subnet: "198.19.4.0/22", gateway },
      template,
      one,
      archive: `file://${artifact}/rootfs.tar`,
      md5: readFileSync(join(artifact, "MD5SUMS"), "utf8").split(" ")[0]!,
      docker: [
        "--host",
        `unix:///run/exoscale-${zoneId(state)}/docker.sock`,
        "exec",
        containerName({ network: "exotest" }, one.id),
      ],
      questions,
    };
    const mounts =
      "mount --make-rprivate / && umount --recursive /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup";
    const { stdout } = await execa("unshare", [
      "--mount",
      "sh",
      "-c",
      `${mounts} && exec "$0" "$@"`,
      process.execPath,
      fileURLToPath(new URL("testing/cgroup2.ts", import.meta.url)),
      JSON.stringify(input),
    ]);
    expect(JSON.parse(stdout)).toEqual([
      "running",
      "cgroup2fs",
      "10-zone.conf",
      "SystemdCgroup = true",
      "systemd 2",
      "tini",
    ]);
  },
  180_000,
);
