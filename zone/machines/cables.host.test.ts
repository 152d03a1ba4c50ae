/** Machines in private networks. The test itself creates the networks' bridges and DHCP servers. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { privateBridge } from "../network/layout.ts";
import type { Attachment, Instance } from "../types.ts";
import { bridgeName } from "./bridge.ts";
import { Bed, gateway, instance, template } from "./testing/machines.ts";

const bed = new Bed();
const ssh = bed.ssh.bind(bed);
const servers: ChildProcess[] = [];

/** A network, its bridge, and an attachment of machine n to it. */
function network(m: number) {
  const id = `7d0c2e4a-1f1b-4c55-8a10-00000000000${m}`;
  const attach = (n: number): Attachment => ({
    network: id,
    mac: `0a:01:00:00:0${m}:0${n}`,
    ip: `10.254.25${m}.1${n}`,
  });
  return { id, bridge: privateBridge(bridgeName(bed.options.network), id), attach, server: `10.254.25${m}.1`, m };
}
const [first, second] = [network(1), network(2)];
const one: Instance = { ...instance(1), privateNetworks: [first.attach(1)] };
const two: { -readonly [K in keyof Instance]: Instance[K] } = { ...instance(2), privateNetworks: [] };

const ip = (...args: string[]): string =>
  execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

function makeNetwork({ bridge, server, m, attach }: ReturnType<typeof network>): void {
  ip("link", "add", bridge, "type", "bridge");
  ip("address", "add", `${server}/24`, "dev", bridge);
  ip("link", "set", bridge, "up");
  servers.push(
    spawn(
      "dnsmasq",
      [
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--port=0",
        "--pid-file",
        "--leasefile-ro",
        "--no-ping",
        "--bind-interfaces",
        `--interface=${bridge}`,
        "--except-interface=lo",
        `--dhcp-range=10.254.25${m}.0,static,255.255.255.0`,
        "--dhcp-option=3",
        "--dhcp-option=6,192.0.2.1",
        ...[1, 2].map(attach).map(({ mac, ip }) => `--dhcp-host=${mac},${ip},stranger`),
      ],
      { stdio: "ignore" },
    ),
  );
}

beforeAll(async () => {
  makeNetwork(first);
  makeNetwork(second);
  await bed.open();
  await bed.importTemplate();
  for (const machine of [one, two]) {
    await bed.machines.create(machine, template);
    await bed.machines.start(machine);
  }
}, 120_000);
afterAll(async () => {
  await bed.close();
  for (const server of servers) server.kill();
  for (const { bridge } of [first, second]) ip("link", "delete", bridge);
}, 120_000);

/** `NAME MAC ADDRESS...` of each Ethernet interface of the guest. */
const interfaces = async (machine: Instance): Promise<string[]> =>
  JSON.parse(await ssh(machine, "ip -json address show"))
    .filter(({ ifname }: { ifname: string }) => /^eth/.test(ifname))
    .map(
      ({
        ifname,
        address,
        addr_info,
      }: {
        ifname: string;
        address: string;
        addr_info: { family: string; local: string }[];
      }) =>
        [ifname, address, ...addr_info.filter(({ family }) => family === "inet").map(({ local }) => local)].join(" "),
    )
    .sort();
const eth0 = (machine: Instance): string => `eth0 ${machine.mac} ${machine.address}`;
const eth = (n: number, { mac, ip }: Attachment): string => `eth${n} ${mac} ${ip}`;
const has = (machine: Instance, expected: string[]): Promise<void> =>
  bed.until(expected.join(", "), async () => JSON.stringify(await interfaces(machine)) === JSON.stringify(expected));
const ends = (): string[] => readdirSync("/sys/class/net").filter((name) => name.startsWith("x"));

test("a machine starts with its private interface, which takes what DHCP leases, and nothing else changes", async () => {
  await has(one, [eth0(one), eth(1, first.attach(1))]);
  expect(await bed.settled(one)).toBe("running");
  expect(
    await ssh(
      one,
      "ip route show default | sed 's/ *$//'; cat /etc/resolv.conf; hostname; networkctl --no-legend --no-pager list eth0 | awk '{print $2, $5}'",
    ),
  ).toBe([`default via ${gateway} dev eth0`, `nameserver ${gateway}`, one.name, "eth0 unmanaged"].join("\n"));
  await has(two, [eth0(two)]);
});

test("a running machine is plugged in, and talks to the others there", async () => {
  two.privateNetworks = [first.attach(2)];
  await bed.machines.plug(two);
  await bed.machines.plug(two);
  await has(two, [eth0(two), eth(1, first.attach(2))]);
  expect(await ssh(two, `ping -c 1 -W 5 ${first.attach(1).ip} >/dev/null && echo answered`)).toBe("answered");
});

test("a second network makes a second interface, which stays when the first is left", async () => {
  two.privateNetworks = [first.attach(2), second.attach(2)];
  await bed.machines.plug(two);
  await has(two, [eth0(two), eth(1, first.attach(2)), eth(2, second.attach(2))]);
  two.privateNetworks = [second.attach(2)];
  await bed.machines.plug(two);
  await has(two, [eth0(two), eth(2, second.attach(2))]);
  expect(ends()).toHaveLength(2);
});

test("an attachment that is created again has a new MAC address", async () => {
  two.privateNetworks = [{ ...second.attach(2), mac: second.attach(1).mac, ip: second.attach(1).ip! }];
  await bed.machines.plug(two);
  await has(two, [eth0(two), eth(1, second.attach(1))]);
});

test("interfaces come back after a guest's own reboot, the API's, and a power cut", async () => {
  two.privateNetworks = [first.attach(2), second.attach(2)];
  const expected = [eth0(two), eth(1, first.attach(2)), eth(2, second.attach(2))];
  await bed.machines.plug(two);
  const before = await bed.bootId(two);
  await bed.takeDown(two, "sudo systemctl reboot");
  await bed.until("another boot", async () => (await bed.bootId(two)) !== before);
  await has(two, expected);
  await bed.machines.reboot(two);
  await has(two, expected);
  await bed.machines.kill(two);
  await bed.machines.plug(two);
  await bed.machines.start(two);
  await has(two, expected);
  expect(ends()).toHaveLength(3);
});

test("the next daemon finds them plugged in, or plugs in what rebooted meanwhile", async () => {
  await bed.machines.close();
  await bed.takeDown(one, "sudo systemctl reboot");
  await bed.next().open();
  for (const machine of [one, two]) await bed.machines.start(machine);
  await has(one, [eth0(one), eth(1, first.attach(1))]);
  await has(two, [eth0(two), eth(1, first.attach(2)), eth(2, second.attach(2))]);
  expect(ends()).toHaveLength(3);
});

test("a private network without a bridge is named", async () => {
  const nowhere = network(3);
  await expect(bed.machines.plug({ ...one, privateNetworks: [nowhere.attach(1)] })).rejects.toThrow(
    `private network ${nowhere.id} has no bridge ${nowhere.bridge}`,
  );
});

test("nothing is left of a machine that is destroyed", async () => {
  await bed.machines.destroy(one);
  await bed.machines.destroy(two);
  await bed.until("no ends", () => ends().length === 0);
});
