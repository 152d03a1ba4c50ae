/** The machines' engine: the zone's own or an existing one, their crashes, and leftovers on the host. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { containerName } from "./container.ts";
import { zoneId } from "./docker.ts";
import { Bed, instance, template } from "./testing/machines.ts";

const one = instance(1);
const name = containerName({ network: "exotest" }, one.id);
const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8", stdio: "pipe" });
const alive = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

describe("the zone's own engine", () => {
  const bed = new Bed();
  const pid = (): number => Number(readFileSync(join(dirname(bed.engineSocket), "dockerd.pid"), "utf8"));

  beforeAll(() => bed.openWith(one), 120_000);
  afterAll(() => bed.close(), 120_000);

  test("is started again when it dies; machines do not notice, and are followed again", async () => {
    const before = await bed.bootId(one);
    const dead = pid();
    process.kill(dead, "SIGKILL");
    await bed.until("another engine", () => bed.logged.includes("engine: events are back"));
    expect(pid()).not.toBe(dead);
    expect(await bed.bootId(one)).toBe(before);
    await bed.takeDown(one, "sudo systemctl reboot");
    await bed.until("another boot", async () => (await bed.bootId(one)) !== before);
    expect(await bed.machines.consoleLog(one)).toContain("Reached target");
    await bed.takeDown(one, "sudo systemctl poweroff");
    await bed.until("the callback", () => bed.changes.includes(`${one.id} stopped`));
  });

  test("whose state directory was removed makes way for the next", async () => {
    await bed.machines.start(one);
    const dead = pid();
    await bed.machines.close();
    // May fail halfway, because the machine keeps writing.
    execFileSync("sh", ["-c", `rm -rf ${bed.state}/engine || true`], { stdio: "pipe" });
    await bed.next().open();
    expect(alive(dead)).toBe(false);
    expect(bed.logged).toContain("engine: one runs whose state directory was removed under it; it goes first");
    await bed.importTemplate();
    await bed.machines.create(one, template);
    await bed.machines.start(one);
    expect(await bed.settled(one)).toBe("running");
  });
}, 180_000);

describe("an engine that runs already", () => {
  const directory = mkdtempSync("/tmp/exoscale-engine-");
  const socket = join(directory, "docker.sock");
  const docker = (...args: string[]): string =>
    execFileSync("docker", ["--host", `unix://${socket}`, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  let dockerd: ChildProcess;
  const bed = new Bed();

  function startEngine(): void {
    const config = join(directory, "daemon.json");
    writeFileSync(
      config,
      JSON.stringify({
        hosts: [`unix://${socket}`],
        pidfile: join(directory, "pid"),
        "data-root": join(directory, "data"),
        "exec-root": join(directory, "exec"),
        bridge: "none",
        iptables: false,
        ip6tables: false,
        "userland-proxy": false,
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": "/exotest",
        "deprecated-key-path": join(directory, "key.json"),
        "log-level": "error",
      }),
    );
    dockerd = spawn(
      "dockerd",
      [
        "--config-file",
        config,
        "--containerd-namespace",
        "exotest",
        "--containerd-plugins-namespace",
        "exotest-plugins",
      ],
      { stdio: "ignore" },
    );
  }
  const ended = (): Promise<unknown> =>
    new Promise((resolve) => dockerd.exitCode ?? dockerd.signalCode ?? dockerd.once("exit", resolve));
  const answers = (): boolean => {
    try {
      return docker("version") !== "";
    } catch {
      return false;
    }
  };

  beforeAll(async () => {
    mkdirSync(join(directory, "data"));
    process.env["DOCKER_HOST"] = `unix://${socket}`;
    startEngine();
    await bed.until("the engine", answers);
  }, 120_000);
  afterAll(async () => {
    await bed.close();
    dockerd.kill();
    await ended();
    delete process.env["DOCKER_HOST"];
    execFileSync("sh", [
      "-c",
      `umount --lazy ${directory}/data 2>/dev/null; find /sys/fs/cgroup -depth -path '*/exotest*' -type d -exec rmdir {} \\; 2>/dev/null; true`,
    ]);
    rmSync(directory, { recursive: true, force: true });
  }, 120_000);

  test("with another program's network of that name: says what to do", async () => {
    docker("network", "create", "--driver=bridge", "--subnet=198.19.6.0/24", "exotest");
    await expect(bed.machines.open()).rejects.toThrow(
      /the Docker network exotest \(bridge exotest0\) is not this zone's, .* `docker network rm exotest`/,
    );
    docker("network", "rm", "exotest");
  });

  test("beside a bridge of that name that is in use: says so; one without ports is taken away", async () => {
    ip("link", "add", "exotest0", "type", "bridge");
    ip("link", "add", "exotest-port", "type", "veth", "peer", "name", "exotest-peer");
    ip("link", "set", "exotest-peer", "up");
    ip("link", "set", "exotest-port", "master", "exotest0", "up");
    await expect(bed.next().open()).rejects.toThrow(
      "interface exotest0 is in use (exotest-port): another zone runs here; give this one another network name",
    );
    ip("link", "delete", "exotest-port");
    bed.next();
    await bed.open();
  });

  test("with another program's container of an instance's name: says what to do", async () => {
    await bed.importTemplate();
    docker("create", "--name", name, `exozone-template:${template.id}`, "true");
    await expect(bed.machines.create(one, template)).rejects.toThrow(
      `the container ${name} is not this zone's: remove it with \`docker rm --force ${name}\``,
    );
    docker("rm", name);
  });

  test("takes its machines along when it dies, and they run again as soon as it does", async () => {
    await bed.machines.create(one, template);
    await bed.machines.start(one);
    const before = await bed.bootId(one);
    dockerd.kill("SIGTERM");
    await ended();
    await expect(bed.machines.start(one)).rejects.toThrow(
      `the Docker Engine at ${socket} does not answer: start it again, and machines go on (ENOENT)`,
    );
    startEngine();
    await bed.until("another boot", async () => (await bed.bootId(one)) !== before);
    expect(bed.changes).toEqual([]);
  });

  test("has nothing of the zone when that is gone, and the engine stays", async () => {
    await bed.machines.close({ remove: true });
    for (const what of ["container", "volume", "image"])
      expect(docker(what, "ls", "--quiet", "--filter", `label=com.exoscale.zone=${zoneId(bed.state)}`)).toBe("");
    expect(docker("network", "ls", "--format", "{{.Name}}").split("\n")).not.toContain("exotest");
    onTestFinished(() => expect(alive(dockerd.pid!)).toBe(true));
  });
}, 180_000);
