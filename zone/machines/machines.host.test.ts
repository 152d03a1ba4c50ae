/** Machines as users see them, from the import of a template to the end of the zone. */
import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { zoneId } from "./docker.ts";
import { artifact, Bed, gateway, instance, listens, template } from "./testing/machines.ts";

const bed = new Bed();
const { changes, userData, key, state } = bed;
const ssh = bed.ssh.bind(bed),
  until = bed.until.bind(bed),
  bootId = bed.bootId.bind(bed),
  settled = bed.settled.bind(bed);
const one = instance(1);

/** A certificate that only ca.pem in the state directory trusts. */
function makeCertificate(): { key: Buffer; cert: Buffer } {
  const key = join(state, "mirror.key"),
    cert = bed.options.ca!;
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "1",
      "-subj",
      "/CN=mirror",
      "-addext",
      `subjectAltName=IP:${gateway}`,
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "pipe" },
  );
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

beforeAll(async () => {
  await bed.open();
  const [md5] = readFileSync(join(artifact, "MD5SUMS"), "utf8").split(" ");
  const mirror = createTlsServer(makeCertificate(), (request, response) =>
    createReadStream(join(artifact, request.url!)).pipe(response),
  );
  await new Promise<void>((ready) => mirror.listen(0, gateway, ready));
  const size = await bed.machines.importTemplate(
    template,
    `https://${gateway}:${(mirror.address() as AddressInfo).port}/rootfs.tar`,
    md5!,
  );
  expect(size).toBeGreaterThan(100 * 1024 ** 2);
  mirror.closeAllConnections();
  mirror.close();
}, 120_000);

afterAll(() => bed.close(), 120_000);

describe("a template", () => {
  test("whose MD5 is another is refused, and nothing of it is kept", async () => {
    const other = { id: "5f3b1c52-8c3f-4d0e-9d55-6f2f1c0b7a02", name: "other" };
    await expect(bed.machines.importTemplate(other, `file://${artifact}/MD5SUMS`, "0".repeat(32))).rejects.toThrow(
      /MD5SUMS is not a tar archive/,
    );
    const empty = join(state, "empty.tar");
    execFileSync("tar", ["--create", "--file", empty, "--files-from", "/dev/null"]);
    await expect(bed.machines.importTemplate(other, `file://${empty}`, "0".repeat(32))).rejects.toThrow(
      /has MD5 [0-9a-f]{32}, not 0{32}/,
    );
    await expect(bed.machines.create(instance(9), other)).rejects.toThrow(/exozone-template:5f3b1c52/);
  });
  test("that cannot boot is refused, and nothing of it is kept", async () => {
    const file = join(state, "image.tar");
    execFileSync("tar", ["--create", "--file", file, "--directory", "/etc", "hostname"]);
    const [md5] = execFileSync("md5sum", [file], { encoding: "utf8" }).split(" ");
    const other = { id: "5f3b1c52-8c3f-4d0e-9d55-6f2f1c0b7a02", name: "other" };
    await expect(bed.machines.importTemplate(other, `file://${file}`, md5!)).rejects.toThrow(
      /image.tar cannot boot: it has no \/bin\/sh; a template is a tar archive/,
    );
    await expect(bed.machines.create(instance(9), other)).rejects.toThrow(/exozone-template:5f3b1c52/);
  });
  test("that cannot be had says where it was looked for", async () => {
    for (const url of ["file:///nowhere/rootfs.tar", `http://${gateway}/rootfs.tar`]) {
      await expect(bed.machines.importTemplate(template, url, "0".repeat(32))).rejects.toThrow(
        `template ${url} cannot be downloaded`,
      );
    }
  });
}, 60_000);

describe("a machine", () => {
  test("boots without user-data, with nothing failed and an identity of its own", async () => {
    await bed.machines.create(one, template);
    await bed.machines.create(one, template);
    await bed.machines.start(one);
    await bed.machines.start(one);
    expect(await settled(one)).toBe("running");
    expect(await ssh(one, "hostname; cat /etc/machine-id; cat /sys/class/dmi/id/product_uuid; ls /sys/class/net")).toBe(
      [one.name, one.id.replaceAll("-", ""), one.id, "eth0", "lo"].join("\n"),
    );
    expect(await bootId(one)).not.toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
    expect(await ssh(one, "cat /etc/resolv.conf; sudo iptables-save -t nat | grep -c 127.0.0.11 || true")).toBe(
      `nameserver ${gateway}\n0`,
    );
    expect(await bed.machines.consoleLog(one)).toMatch(
      /Welcome to .*[^]*cloudinit.*latest\/user-data[^]*Reached target .*Multi-User System/,
    );
  });

  test("cannot touch its host's clock or sysctls, and keeps those the kubelet sets to itself", async () => {
    const before = readFileSync("/proc/sys/kernel/panic", "utf8").trim();
    await expect(ssh(one, "sudo date -s 2001-01-01")).rejects.toThrow(/Operation not permitted/);
    await expect(ssh(one, "sudo sysctl -w kernel.pid_max=1000")).rejects.toThrow(/denied|Read-only/);
    await ssh(one, "sudo sysctl -w kernel.panic=77 net.ipv4.ip_forward=1");
    expect(await ssh(one, "cat /proc/sys/kernel/panic")).toBe("77");
    expect(readFileSync("/proc/sys/kernel/panic", "utf8").trim()).toBe(before);
  });

  test("runs containers under docker and under containerd", async () => {
    const program = "/usr/bin/tini-static --version";
    await ssh(one, "tar -c /usr/bin/tini-static 2>/dev/null | docker import - tiny");
    expect(await ssh(one, `docker run --rm tiny ${program}`)).toMatch(/^tini version/);
    expect(
      await ssh(
        one,
        `docker save tiny | sudo ctr -n k8s.io images import - >/dev/null && sudo ctr -n k8s.io run --rm docker.io/library/tiny:latest t ${program}`,
      ),
    ).toMatch(/^tini version/);
  });

  test("that reboots itself comes back with its disk and address and takes new user-data", async () => {
    const before = await bootId(one);
    userData.set(
      one.address!,
      [
        "#cloud-config",
        "hostname: renamed",
        "ssh_authorized_keys:",
        `  - ${key.public} again`,
        "write_files:",
        "  - path: /run/kubernetes/hello",
        "    content: first",
        "coreos:",
        "  units:",
        "    - name: hello.service",
        "      runtime: true",
        "      command: start",
        "      content: |",
        "        [Service]",
        "        Type=oneshot",
        "        ExecStart=/bin/cp /run/kubernetes/hello /run/copied",
      ].join("\n"),
    );
    await bed.takeDown(one, "sudo touch /opt/kept /var/kept; sudo systemctl reboot");
    await until("another boot", async () => (await bootId(one)) !== before);
    expect(await settled(one)).toBe("running");
    expect(await ssh(one, "ls /opt/kept /var/kept; hostname; cat /run/copied; echo; cat /etc/machine-id")).toBe(
      ["/opt/kept", "/var/kept", "renamed", "first", one.id.replaceAll("-", "")].join("\n"),
    );
    expect(await bed.machines.consoleLog(one)).toMatch(/Result of "start" on "hello.service": done/);
    expect(changes).toEqual([]);
  });

  test("reads user-data at every boot, gzipped or plain, and says on its console what is wrong with it", async () => {
    userData.set(one.address!, "#cloud-config\nwrite_files: [path: /run/a\n");
    await bed.machines.reboot(one);
    expect(await settled(one)).toMatch(/exoscale-cloudinit.service loaded failed/);
    expect(await bed.machines.consoleLog(one)).toMatch(/cloudinit\[\d+\]: .*(yaml|parse|error).*line 2/i);
    userData.set(one.address!, Buffer.from("#cloud-config\nhostname: plain\n"));
    await bed.machines.reboot(one);
    expect(await settled(one)).toBe("running");
    expect(await ssh(one, "hostname")).toBe("plain");
  });

  test("is rebooted by the API, and by logind's D-Bus call", async () => {
    const before = await bootId(one);
    await bed.machines.reboot(one);
    const after = await bootId(one);
    expect(after).not.toBe(before);
    await bed.takeDown(
      one,
      "sudo busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager Reboot b false",
    );
    await until("another boot", async () => (await bootId(one)) !== after);
    expect(changes).toEqual([]);
  });

  test("that powers itself off stays off, and the API hears of it", async () => {
    await bed.takeDown(one, "sudo systemctl poweroff");
    await until("the callback", () => changes.length > 0);
    expect(changes.splice(0)).toEqual([`${one.id} stopped`]);
    await sleep(1000);
    expect(await listens(one)).toBe(false);
  });

  test("is started, stopped cleanly, and started with the same disk", async () => {
    await bed.machines.start(one);
    await ssh(
      one,
      "sudo systemd-run --unit=last --property=ExecStop='/bin/sh -c \"date >/var/stopped\"' --property=RemainAfterExit=yes true",
    );
    await bed.machines.stop(one);
    await bed.machines.stop(one);
    expect(await listens(one)).toBe(false);
    await bed.machines.start(one);
    expect(await ssh(one, "ls /var/stopped /opt/kept")).toBe("/opt/kept\n/var/stopped");
    expect(changes).toEqual([]);
  });

  test("whose power is cut is off immediately, and the API is notified", async () => {
    await bed.machines.kill(one);
    expect(changes.splice(0)).toEqual([`${one.id} stopped`]);
    await bed.machines.start(one);
    expect(await ssh(one, "ls /opt/kept")).toBe("/opt/kept");
  });

  test("is found again by the next daemon, which makes good what it has missed", async () => {
    const two = instance(2);
    await bed.machines.create(two, template);
    await bed.machines.start(two);
    const before = await bootId(one);
    await ssh(two, "true");
    await bed.machines.close();
    await Promise.all([bed.takeDown(one, "sudo systemctl reboot"), bed.takeDown(two, "sudo systemctl poweroff")]);
    await until("both off", async () => !(await listens(one)) && !(await listens(two)));
    await sleep(2000);
    await bed.next().open();
    expect(changes.splice(0)).toEqual([`${two.id} stopped`]);
    expect(await bootId(one)).not.toBe(before);
    await bed.machines.destroy(two);
    await bed.machines.destroy(two);
  });

  test("is reset to its template", async () => {
    await bed.machines.deleteTemplate(template);
    await bed.machines.reset(one, template);
    await bed.machines.start(one);
    await expect(ssh(one, "ls /opt/kept /var/kept")).rejects.toThrow(/No such file/);
  });

  test("leaves nothing when it is destroyed and the zone goes", async () => {
    await bed.machines.destroy(one);
    await bed.machines.close({ remove: true });
    expect(readdirSync("/sys/class/net")).not.toContain("exotest0");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(state);
    expect(existsSync(join(state, "engine"))).toBe(false);
    expect(readdirSync("/run")).not.toContain(`exoscale-${zoneId(state)}`);
    expect(
      execFileSync("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-name", `exoscale-${zoneId(state)}`], {
        encoding: "utf8",
      }),
    ).toBe("");
  });
}, 180_000);
