/** Machines that shut down slowly, and machines that hang. */
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { containerName } from "./container.ts";
import { Bed, instance, listens, template } from "./testing/machines.ts";

const bed = new Bed({ hungSeconds: 15 });
const one = instance(1);
const { logged, changes } = bed;

beforeAll(async () => {
  await bed.open();
  await bed.importTemplate();
  await bed.machines.create(one, template);
}, 120_000);
afterAll(() => bed.close(), 120_000);

const docker = (...args: string[]): string =>
  execFileSync("docker", ["--host", `unix://${bed.engineSocket}`, ...args], { encoding: "utf8" }).trim();
const container = containerName({ network: bed.options.network }, one.id);
const status = (): string => docker("inspect", "--format", "{{.State.Status}}", container);

/** Starts a unit whose stop takes `seconds`, as a drain does, and creates /var/drained at its end. */
const busy = (seconds: number): Promise<string> =>
  bed.ssh(
    one,
    [
      "sudo rm -f /var/drained && sudo systemd-run --unit=drain --property=RemainAfterExit=yes --property=TimeoutStopSec=1h",
      `--property=ExecStop='/bin/sh -c "touch /var/draining; sleep ${seconds}; touch /var/drained"' true`,
    ].join(" "),
  );
const draining = (): Promise<void> =>
  bed.until("the drain", () => docker("exec", container, "find", "/var", "-maxdepth", "1", "-name", "draining") !== "");
const pid1 = (): number => Number(docker("inspect", "--format", "{{.State.Pid}}", container));

beforeEach(async () => {
  await bed.machines.start(one);
  expect(await bed.settled(one)).toBe("running");
  await bed.ssh(one, "sudo rm -f /var/draining");
  logged.splice(0);
  changes.splice(0);
});

describe("a machine that is busy going down", () => {
  test("is waited for longer than a hung one", async () => {
    await busy(20);
    await bed.machines.reboot(one);
    expect(await bed.ssh(one, "ls /var/drained")).toBe("/var/drained");
    expect(logged).toEqual([]);
  });

  test("by its own reboot is waited for as well, and stays off when it was to stop", async () => {
    await busy(20);
    await bed.takeDown(one, "sudo systemctl reboot");
    await draining();
    await bed.machines.stop(one);
    expect([status(), logged]).toEqual(["exited", []]);
    await bed.machines.start(one);
    expect(await bed.ssh(one, "ls /var/drained")).toBe("/var/drained");
  });

  test("leaves time to what outlives its unit, as a pod's etcd does", async () => {
    const program = "trap 'sleep 4; touch /var/ended; exit' TERM; while true; do sleep 0.2; done";
    await bed.ssh(
      one,
      `printf '%s' "${program}" | sudo tee /opt/etcd >/dev/null; sudo systemd-run --unit=pod --property=KillMode=process sh -c 'setsid sh /opt/etcd & sleep infinity'`,
    );
    await bed.machines.reboot(one);
    expect(await bed.ssh(one, "ls /var/ended")).toBe("/var/ended");
  });

  test.each(["kill", "stop", "destroy"] as const)(
    "is off at once by %s, and a reboot does not bring it back",
    async (verb) => {
      await busy(3600);
      const reboot = bed.machines.reboot(one).then(
        () => "rebooted",
        (error: Error) => error.message,
      );
      await draining();
      await bed.machines[verb](one);
      expect(await reboot).toMatch(/its power was cut while it went down to reboot$/);
      expect(await listens(one)).toBe(false);
      expect(logged).toContain(`instance ${one.id}: its power was cut, since it was not to be waited for`);
      expect(changes).toEqual(verb === "kill" ? [`${one.id} stopped`] : []);
      if (verb === "destroy") await bed.machines.create(one, template);
    },
  );

  test("is off at once by a kill that came before the stop before it began", async () => {
    await busy(3600);
    const started = bed.machines.start(one),
      stopped = bed.machines.stop(one);
    await bed.machines.kill(one);
    await Promise.all([started, stopped]);
    expect(await listens(one)).toBe(false);
  });

  test("goes on when the zone's daemon ends, which the next one waits for", async () => {
    await busy(10);
    let settled = false;
    void bed.machines.stop(one).finally(() => (settled = true));
    await draining();
    await bed.machines.close();
    expect([status(), settled]).toEqual(["running", false]);
    await bed.next().open();
    await bed.machines.stop(one);
    await bed.machines.start(one);
    expect(await bed.ssh(one, "ls /var/drained")).toBe("/var/drained");
  });
});

describe("a machine that hangs", () => {
  test("answers nobody, runs for the engine, and goes on when it is resumed", async () => {
    const before = await bed.bootId(one);
    await bed.machines.pause(one);
    await bed.machines.pause(one);
    await bed.machines.start(one);
    expect(status()).toBe("paused");
    await expect(bed.machines.announceUpdate(one, "1.2.3")).rejects.toThrow(/takes no update to 1.2.3: .*paused/);
    await bed.machines.resume(one);
    await bed.machines.resume(one);
    expect(await bed.bootId(one)).toBe(before);
    expect(changes).toEqual([]);
  });

  test("is rebooted by a power cut when it has not answered for long enough", async () => {
    const before = await bed.bootId(one);
    await bed.machines.pause(one);
    await bed.machines.reboot(one);
    expect(await bed.bootId(one)).not.toBe(before);
    expect(logged).toEqual([`instance ${one.id}: its power was cut, since it had not answered for 15 s`]);
  });

  test("that is resumed while it is asked to go down goes down by itself", async () => {
    await busy(1);
    await bed.machines.pause(one);
    const stopped = bed.machines.stop(one);
    await sleep(3000);
    await bed.machines.resume(one);
    await stopped;
    expect(logged).toEqual([]);
    await bed.machines.start(one);
    expect(await bed.ssh(one, "ls /var/drained")).toBe("/var/drained");
  });

  test("with a PID 1 that does nothing any more is seen as well", async () => {
    process.kill(pid1(), "SIGSTOP");
    await bed.machines.stop(one);
    expect(logged).toEqual([`instance ${one.id}: its power was cut, since it had not answered for 15 s`]);
    expect(await listens(one)).toBe(false);
  });

  test.each(["kill", "reset", "destroy"] as const)("is gone at once by %s", async (verb) => {
    await bed.machines.pause(one);
    await (verb === "reset" ? bed.machines.reset(one, template) : bed.machines[verb](one));
    await expect(bed.machines.pause(one)).rejects.toThrow(verb === "destroy" ? /[Nn]o such container/ : "does not run");
    if (verb === "destroy") await bed.machines.create(one, template);
  });

  test("right after its start has never booted", async () => {
    await bed.machines.stop(one);
    await bed.machines.start(one);
    await bed.machines.pause(one);
    await sleep(5000);
    expect([status(), await listens(one)]).toEqual(["paused", false]);
    await bed.machines.kill(one);
  });
});

test("a machine has no more memory than its type says", async () => {
  const limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
  expect(await bed.ssh(one, `cat ${limits.join(" ")} 2>/dev/null || true`)).toBe(String(one.memory));
  await bed.machines.stop(one);
  await bed.machines.start({ ...one, memory: 2 * 1024 ** 3 });
  expect(await bed.ssh(one, `cat ${limits.join(" ")} 2>/dev/null || true`)).toBe(String(2 * 1024 ** 3));
});
