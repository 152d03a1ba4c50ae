/** A template other than the node image: Debian with systemd, without SSH, and nothing that reads user-data. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { containerName } from "./container.ts";
import { Bed, gateway, instance } from "./testing/machines.ts";

const bed = new Bed({ shutdownSeconds: 60, hungSeconds: 30 });
const debian = { id: "5f3b1c52-8c3f-4d0e-9d55-6f2f1c0b7a03", name: "Debian 12" };
const one = { ...instance(1), template: debian.id };
const directory = mkdtempSync("/tmp/plain-debian-");

beforeAll(async () => {
  const archive = join(directory, "debian.tar");
  execFileSync(
    "mmdebstrap",
    ["--variant=minbase", "--include=systemd,systemd-sysv,dbus,iproute2", "--quiet", "bookworm", archive],
    { stdio: "pipe" },
  );
  await bed.open();
  const [md5] = execFileSync("md5sum", [archive], { encoding: "utf8" }).split(" ");
  await bed.machines.importTemplate(debian, `file://${archive}`, md5!);
  await bed.machines.create(one, debian);
}, 300_000);
afterAll(async () => {
  await bed.close();
  rmSync(directory, { recursive: true });
}, 120_000);

const inside = (...command: string[]): string =>
  execFileSync(
    "docker",
    [
      "--host",
      `unix://${bed.engineSocket}`,
      "exec",
      containerName({ network: bed.options.network }, one.id),
      ...command,
    ],
    { encoding: "utf8", stdio: "pipe" },
  ).trim();
const booted = (): Promise<void> =>
  bed.until("the boot", () => {
    try {
      return inside("systemctl", "is-system-running", "--wait") !== "";
    } catch (error) {
      return /running|degraded/.test((error as { stdout?: string }).stdout ?? "");
    }
  });

test("boots with the instance's name, address and resolver", async () => {
  await bed.machines.start(one);
  await booted();
  expect(
    inside(
      "sh",
      "-c",
      "hostname; cat /etc/resolv.conf; ip -4 -brief address show eth0 | tr -s ' ' | cut -d' ' -f3; ip route show default | cut -d' ' -f3",
    ),
  ).toBe([one.name, `nameserver ${gateway}`, `${one.address}/22`, gateway].join("\n"));
  expect(await bed.machines.consoleLog(one)).toMatch(/Welcome to .*Debian/);
});

test("reboots, keeps its disk, takes no update, and goes down when it is asked", async () => {
  inside("touch", "/srv/kept", "/var/kept");
  await bed.machines.reboot(one);
  await booted();
  expect(inside("ls", "/srv/kept", "/var/kept")).toBe("/srv/kept\n/var/kept");
  await expect(bed.machines.announceUpdate(one, "4757.3.0")).rejects.toThrow(
    /takes no update to 4757.3.0: .*update-engine-announce.*No such file/,
  );
  await bed.machines.stop(one);
  expect(bed.logged.filter((line) => line.includes("power was cut"))).toEqual([]);
  expect(bed.changes).toEqual([]);
});
