/**
 * Machines on the real engine, looked at as their users do: over SSH, and by the metadata service they ask. Needs root
 * and the node image: .local/template, or the directory NODE_IMAGE names. Addresses are of 198.19.0.0/16, beside a zone that may run here.
 */
import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Client, utils } from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Instance } from "../types.ts";
import { zoneId } from "./docker.ts";
import { createMachines } from "./index.ts";

const artifact = process.env["NODE_IMAGE"] ?? fileURLToPath(new URL("../../.local/template", import.meta.url));
const template = { id: "5f3b1c52-8c3f-4d0e-9d55-6f2f1c0b7a01", name: "Flatcar" };
const gateway = "198.19.0.1";
const state = mkdtempSync("/tmp/exoscale-machines-");
const logged: string[] = [];
const options = { state, network: "exotest", subnet: "198.19.0.0/16", gateway, ca: join(state, "ca.pem"), log: (line: string) => void logged.push(line) };
let machines = createMachines(options);
const changes: string[] = [];
const key = utils.generateKeyPairSync("ed25519");

const instance = (n: number): Instance => ({
  id: `5f3b1c52-8c3f-4d0e-9d55-0000000000${String(n).padStart(2, "0")}`, name: `machine-${n}`, address: `198.19.1.${n}`,
  mac: `0a:00:c6:13:01:${n.toString(16).padStart(2, "0")}`, state: "stopped", template: template.id, type: "standard.medium",
  cpus: 2, memory: 4 * 1024 ** 3, diskSize: 10, publicKeys: [], securityGroups: [], elasticIps: [], antiAffinityGroups: [],
  labels: {}, createdAt: new Date(0).toISOString(),
});
const one = instance(1);

/** What the metadata service answers, by address. */
const userData = new Map<string, string>();
const gzipped = (text?: string): Buffer | string => text === undefined ? "" : gzipSync(text);
const metadata = createServer((request, response) => {
  const caller = request.socket.remoteAddress ?? "";
  if (request.url === "/latest/meta-data/public-keys") return response.end(`${key.public}\n`);
  // Nothing, with 200, for an instance without: as Exoscale does.
  if (request.url === "/latest/user-data") return response.end(gzipped(userData.get(caller)));
  response.statusCode = 404;
  response.end();
});

/** Runs a command as core. Waits up to 60 s for a machine that boots; refuses to wait with `now`. */
async function ssh(target: Instance, command: string): Promise<string> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await sshNow(target, command);
    } catch (error) {
      if (!(error as { level?: string }).level || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

const sshNow = (target: Instance, command: string): Promise<string> => new Promise((resolve, reject) => {
  const client = new Client();
  client.on("error", reject).on("ready", () => client.exec(command, (error, stream) => {
    if (error) return reject(error);
    let output = "", errors = "";
    stream.on("data", (chunk: Buffer) => void (output += chunk)).stderr.on("data", (chunk: Buffer) => void (errors += chunk));
    // No exit code: the machine went down under the command.
    stream.on("close", (code?: number | null) => {
      client.end();
      if (code === 0 || code == null) resolve(output.trim());
      else reject(new Error(`${command}: exit code ${code}: ${output}${errors}`));
    });
  })).connect({ host: target.address!, username: "core", privateKey: key.private, readyTimeout: 5000 });
});

const listens = (target: Instance): Promise<boolean> => new Promise((resolve) => {
  const socket = connect({ host: target.address!, port: 22, timeout: 1000 });
  const done = (answer: boolean) => (socket.destroy(), resolve(answer));
  socket.once("connect", () => done(true)).once("error", () => done(false)).once("timeout", () => done(false));
});

async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s\n${logged.join("\n")}`);
    await sleep(100);
  }
}

const bootId = (target: Instance): Promise<string> => ssh(target, "cat /proc/sys/kernel/random/boot_id");
const settled = (target: Instance): Promise<string> => ssh(target, "systemctl is-system-running --wait || systemctl --failed --no-legend");

/** A certificate that only ca.pem in the state vouches for. */
function makeCertificate(): { key: Buffer; cert: Buffer } {
  const key = join(state, "mirror.key"), cert = join(state, "ca.pem");
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=mirror",
    "-addext", `subjectAltName=IP:${gateway}`, "-keyout", key, "-out", cert,
  ], { stdio: "pipe" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

beforeAll(async () => {
  machines.onChange((id, now) => void changes.push(`${id} ${now}`));
  await machines.open();
  await new Promise<void>((ready) => metadata.listen(80, gateway, ready));
  const [md5] = readFileSync(join(artifact, "MD5SUMS"), "utf8").split(" ");
  const mirror = createTlsServer(makeCertificate(), (request, response) => createReadStream(join(artifact, request.url!)).pipe(response));
  await new Promise<void>((ready) => mirror.listen(0, gateway, ready));
  const size = await machines.importTemplate(template, `https://${gateway}:${(mirror.address() as AddressInfo).port}/rootfs.tar`, md5!);
  expect(size).toBeGreaterThan(100 * 1024 ** 2);
  mirror.closeAllConnections();
  mirror.close();
}, 120_000);

afterAll(async () => {
  metadata.closeAllConnections();
  metadata.close();
  await machines.close({ remove: true });
  rmSync(state, { recursive: true, force: true });
}, 120_000);

describe("a template", () => {
  test("whose MD5 is another is refused, and nothing of it is kept", async () => {
    const other = { id: "5f3b1c52-8c3f-4d0e-9d55-6f2f1c0b7a02", name: "other" };
    await expect(machines.importTemplate(other, `file://${artifact}/MD5SUMS`, "0".repeat(32))).rejects.toThrow(/MD5SUMS is not a tar archive/);
    const empty = join(state, "empty.tar");
    execFileSync("tar", ["--create", "--file", empty, "--files-from", "/dev/null"]);
    await expect(machines.importTemplate(other, `file://${empty}`, "0".repeat(32))).rejects.toThrow(/has MD5 [0-9a-f]{32}, not 0{32}/);
    await expect(machines.create(instance(9), other)).rejects.toThrow(/exozone-template:5f3b1c52/);
  });
  test("that cannot be had says where it was looked for", async () => {
    for (const url of ["file:///nowhere/rootfs.tar", `http://${gateway}/rootfs.tar`]) {
      await expect(machines.importTemplate(template, url, "0".repeat(32))).rejects.toThrow(`template ${url} cannot be downloaded`);
    }
  });
}, 60_000);

describe("a machine", () => {
  test("boots without user-data, with nothing failed and an identity of its own", async () => {
    await machines.create(one, template);
    await machines.create(one, template);
    await machines.start(one);
    await machines.start(one);
    expect(await settled(one)).toBe("running");
    expect(await ssh(one, "hostname; cat /etc/machine-id; cat /sys/class/dmi/id/product_uuid; ls /sys/class/net")).toBe(
      [one.name, one.id.replaceAll("-", ""), one.id, "eth0", "lo"].join("\n"));
    expect(await bootId(one)).not.toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
    expect(await ssh(one, "cat /etc/resolv.conf; sudo iptables-save -t nat | grep -c 127.0.0.11 || true")).toBe(`nameserver ${gateway}\n0`);
    expect(await machines.consoleLog(one)).toMatch(/Welcome to .*[^]*cloudinit.*latest\/user-data[^]*Reached target .*Multi-User System/);
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
    expect(await ssh(one, `docker save tiny | sudo ctr -n k8s.io images import - >/dev/null && sudo ctr -n k8s.io run --rm docker.io/library/tiny:latest t ${program}`)).toMatch(/^tini version/);
  });

  test("takes an update's announcement until it reboots", async () => {
    const status = "busctl --json=short call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager GetStatus | jq -c '[.type, .data[2], .data[3]]'";
    expect(await ssh(one, status)).toBe('["xdssx","UPDATE_STATUS_IDLE",""]');
    await expect(ssh(one, "update-engine-announce 4757.9.0")).rejects.toThrow(/exit code 1/);
    await ssh(one, "sudo update-engine-announce 4757.9.0");
    expect(await ssh(one, status)).toBe('["xdssx","UPDATE_STATUS_UPDATED_NEED_REBOOT","4757.9.0"]');
  });

  test("that reboots itself comes back with its disk and address and takes new user-data", async () => {
    const before = await bootId(one);
    userData.set(one.address!, [
      "#cloud-config", "hostname: renamed", "ssh_authorized_keys:", `  - ${key.public} again`,
      "write_files:", "  - path: /run/kubernetes/hello", "    content: first",
      "coreos:", "  units:", "    - name: hello.service", "      runtime: true", "      command: start", "      content: |",
      "        [Service]", "        Type=oneshot", "        ExecStart=/bin/cp /run/kubernetes/hello /run/copied",
    ].join("\n"));
    await ssh(one, "sudo touch /opt/kept /var/kept; sudo systemctl reboot");
    await until("another boot", async () => await bootId(one) !== before);
    expect(await settled(one)).toBe("running");
    expect(await ssh(one, "ls /opt/kept /var/kept; hostname; cat /run/copied; echo; cat /etc/machine-id")).toBe(
      ["/opt/kept", "/var/kept", "renamed", "first", one.id.replaceAll("-", "")].join("\n"));
    expect(await machines.consoleLog(one)).toMatch(/Result of "start" on "hello.service": done/);
    expect(await ssh(one, "busctl call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager GetStatus")).toMatch(/IDLE/);
    expect(changes).toEqual([]);
  });

  test("is rebooted by locksmithd when an update is announced", async () => {
    const before = await bootId(one);
    await ssh(one, "sudo mkdir -p /run/systemd/system/locksmithd.service.d && printf '[Service]\\nEnvironment=REBOOT_STRATEGY=reboot\\n' | sudo tee /run/systemd/system/locksmithd.service.d/10.conf && sudo systemctl daemon-reload && sudo systemctl start locksmithd");
    await until("locksmithd to listen", async () => /Reboot strategy|locksmithd starting/i.test(await ssh(one, "sudo journalctl -u locksmithd")));
    await ssh(one, "sudo update-engine-announce 4757.9.1");
    await until("another boot", async () => await bootId(one) !== before);
    expect(changes).toEqual([]);
  });

  test("is rebooted by the API, and by logind's D-Bus call", async () => {
    const before = await bootId(one);
    await machines.reboot(one);
    const after = await bootId(one);
    expect(after).not.toBe(before);
    await ssh(one, "sudo busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager Reboot b false");
    await until("another boot", async () => await bootId(one) !== after);
    expect(changes).toEqual([]);
  });

  test("that powers itself off stays off, and the API hears of it", async () => {
    await ssh(one, "sudo systemctl poweroff");
    await until("the callback", () => changes.length > 0);
    expect(changes.splice(0)).toEqual([`${one.id} stopped`]);
    await sleep(1000);
    expect(await listens(one)).toBe(false);
  });

  test("is started, stopped cleanly, and started with the same disk", async () => {
    await machines.start(one);
    await ssh(one, "sudo systemd-run --unit=last --property=ExecStop='/bin/sh -c \"date >/var/stopped\"' --property=RemainAfterExit=yes true");
    await machines.stop(one);
    await machines.stop(one);
    expect(await listens(one)).toBe(false);
    await machines.start(one);
    expect(await ssh(one, "ls /var/stopped /opt/kept")).toBe("/opt/kept\n/var/stopped");
    expect(changes).toEqual([]);
  });

  test("whose power is cut is off at once, as the API is told", async () => {
    await machines.kill(one);
    expect(changes.splice(0)).toEqual([`${one.id} stopped`]);
    await machines.start(one);
    expect(await ssh(one, "ls /opt/kept")).toBe("/opt/kept");
  });

  test("is found again by the next daemon, which makes good what it has missed", async () => {
    const two = instance(2);
    await machines.create(two, template);
    await machines.start(two);
    const before = await bootId(one);
    await ssh(two, "true");
    await machines.close();
    await Promise.all([ssh(one, "sudo systemctl reboot"), ssh(two, "sudo systemctl poweroff")]);
    await until("both off", async () => !await listens(one) && !await listens(two));
    await sleep(2000);
    machines = createMachines(options);
    machines.onChange((id, now) => void changes.push(`${id} ${now}`));
    await machines.open();
    expect(changes.splice(0)).toEqual([`${two.id} stopped`]);
    expect(await bootId(one)).not.toBe(before);
    await machines.destroy(two);
    await machines.destroy(two);
  });

  test("is reset to its template", async () => {
    await machines.deleteTemplate(template);
    await machines.reset(one, template);
    await machines.start(one);
    await expect(ssh(one, "ls /opt/kept /var/kept")).rejects.toThrow(/No such file/);
  });

  test("leaves nothing when it is destroyed and the zone goes", async () => {
    await machines.destroy(one);
    await machines.close({ remove: true });
    expect(readdirSync("/sys/class/net")).not.toContain("exotest0");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(state);
    expect(existsSync(join(state, "engine"))).toBe(false);
    expect(readdirSync("/run")).not.toContain(`exoscale-${zoneId(state)}`);
    expect(execFileSync("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-name", `exoscale-${zoneId(state)}`], { encoding: "utf8" })).toBe("");
  });
}, 180_000);
