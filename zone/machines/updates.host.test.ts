/** Updates of a machine's operating system: announced, waiting for a reboot, running after it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bed, instance, template } from "./testing/machines.ts";

const bed = new Bed();
const one = instance(1);

beforeAll(() => bed.openWith(one), 120_000);
afterAll(() => bed.close(), 120_000);

const status = async (): Promise<string[]> =>
  (await bed.ssh(one, "update_engine_client -status"))
    .split("\n")
    .filter((line) => /^(CURRENT_OP|NEW_VERSION)=/.test(line));
const release = (): Promise<string> => bed.ssh(one, ". /etc/os-release && echo $ID $VERSION $VERSION_ID $PRETTY_NAME");
const upToDate = ["CURRENT_OP=UPDATE_STATUS_IDLE", "NEW_VERSION=0.0.0"];
const waiting = (version: string) => ["CURRENT_OP=UPDATE_STATUS_UPDATED_NEED_REBOOT", `NEW_VERSION=${version}`];

test("without one the machine says so, on D-Bus with Flatcar's types", async () => {
  expect(await bed.settled(one)).toBe("running");
  expect(
    await bed.ssh(
      one,
      "busctl --json=short call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager GetStatus | jq -c '[.type, .data[2], .data[3]]'",
    ),
  ).toBe('["xdssx","UPDATE_STATUS_IDLE","0.0.0"]');
  expect(await status()).toEqual(upToDate);
  expect(await release()).toBe("flatcar 4757.2.0 4757.2.0 Flatcar Container Linux by Kinvolk 4757.2.0 (stand-in)");
});

test("only root announces one, and only a version", async () => {
  await expect(bed.ssh(one, "update-engine-announce 4757.9.0")).rejects.toThrow(/exit code 1/);
  await expect(bed.machines.announceUpdate(one, "a b")).rejects.toThrow(
    /takes no update to a b: .*"a b" is not a version/,
  );
  expect(await status()).toEqual(upToDate);
});

test("an announced one waits for a reboot, whatever becomes of update-engine, and runs after it", async () => {
  const before = await bed.bootId(one);
  await bed.machines.announceUpdate(one, "4757.3.0");
  await bed.machines.announceUpdate(one, "4757.3.1");
  await bed.ssh(
    one,
    "sudo systemctl restart update-engine && until busctl status com.coreos.update1 >/dev/null 2>&1; do sleep 0.1; done",
  );
  expect(await status()).toEqual(waiting("4757.3.1"));
  expect(await release()).toContain("4757.2.0");
  await bed.takeDown(one, "sudo systemctl reboot");
  await bed.until("another boot", async () => (await bed.bootId(one)) !== before);
  expect(await release()).toBe("flatcar 4757.3.1 4757.3.1 Flatcar Container Linux by Kinvolk 4757.3.1 (stand-in)");
  expect(await bed.settled(one)).toBe("running");
  expect(await status()).toEqual(upToDate);
  expect(await bed.machines.consoleLog(one)).toContain("updated from 4757.2.0 to 4757.3.1");
});

test("one that was reset does not come", async () => {
  await bed.machines.announceUpdate(one, "4757.4.0");
  await bed.ssh(one, "sudo update_engine_client -reset_status");
  expect(await status()).toEqual(upToDate);
  await bed.machines.reboot(one);
  expect(await release()).toContain("4757.3.1");
});

test("a power cut is a reboot too, and a fresh disk has the template's version", async () => {
  await bed.machines.announceUpdate(one, "4757.4.0");
  await bed.machines.kill(one);
  await bed.machines.start(one);
  expect(await release()).toContain("4757.4.0");
  await bed.machines.reset(one, template);
  await expect(bed.machines.announceUpdate(one, "4757.5.0")).rejects.toThrow(
    /takes no update to 4757.5.0: .*is not running/,
  );
  await bed.machines.start(one);
  expect(await release()).toContain("4757.2.0");
});

test("locksmithd reboots the machine for one", async () => {
  const before = await bed.bootId(one);
  await bed.ssh(
    one,
    "sudo mkdir -p /run/systemd/system/locksmithd.service.d && printf '[Service]\\nEnvironment=REBOOT_STRATEGY=reboot\\n' | sudo tee /run/systemd/system/locksmithd.service.d/10.conf && sudo systemctl daemon-reload && sudo systemctl start locksmithd",
  );
  await bed.until("locksmithd to listen", async () =>
    /Reboot strategy|locksmithd starting/i.test(await bed.ssh(one, "sudo journalctl -u locksmithd")),
  );
  await bed.machines.announceUpdate(one, "4757.9.1");
  await bed.until("another boot", async () => (await bed.bootId(one)) !== before);
  expect(await release()).toContain("4757.9.1");
  expect(bed.changes).toEqual([`${one.id} stopped`]); // the power cut's
});
